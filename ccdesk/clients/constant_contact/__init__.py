"""Constant Contact: `ports.mail` over its API (docs/api/constant-contact.md)."""
