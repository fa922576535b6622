"""Kibo eCommerce: `ports.shop` over its API (docs/api/kibo.md)."""
