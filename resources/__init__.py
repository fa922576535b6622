"""Icons, style sheet and help text of the window; installed as the package `ccdesk_resources`."""
