"""Who may be mailed, and why: the rules of consent as pure functions (docs/consent.md).

`observe` turns readings into dated statements, `decide` turns a person into commands, `route` picks the call.
Nothing here knows HTTP, a database or the time of day.
"""
