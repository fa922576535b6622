"""What the operating system does for ccdesk: starts it at login, keeps it running, notes its crashes."""
