"""The window: the only place that imports PySide6. It talks to `Desk` and nothing below."""

from ccdesk.gui.refcount_guard import hold_singletons
from ccdesk.gui.sources_unread import read_no_sources

hold_singletons()
read_no_sources()
