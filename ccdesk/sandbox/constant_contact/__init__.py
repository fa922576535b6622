"""The fake Constant Contact (docs/api/constant-contact.md)."""
