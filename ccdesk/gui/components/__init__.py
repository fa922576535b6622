"""Widgets, tables, colours and icons that several parts of the window share."""
