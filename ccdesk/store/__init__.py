"""The store: one SQLite file through peewee, behind the Protocols of `core.ports` (design §4).

peewee is imported nowhere else. Front ends and engine get `store.SqliteStore` and see only core's
dataclasses; what goes wrong with the file reaches them as `StoreError`, in words.
"""
