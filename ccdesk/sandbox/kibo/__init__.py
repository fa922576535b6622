"""The fake Kibo (docs/api/kibo.md)."""
