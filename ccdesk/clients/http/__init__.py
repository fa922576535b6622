"""Calls over HTTP, whatever the service: pace, retries, deadlines, reading JSON."""
