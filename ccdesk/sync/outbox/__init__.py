"""Calls that change something in either service, and reading back what they did."""
