"""The window: the only place that imports PySide6. It talks to `Desk` and nothing below."""

from ccdesk.gui.refcount_guard import hold_singletons

hold_singletons()
