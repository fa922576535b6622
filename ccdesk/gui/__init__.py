"""The window: the only place that imports PySide6. It talks to `Desk` and nothing below."""
