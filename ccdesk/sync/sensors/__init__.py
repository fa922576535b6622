"""What changed in either service, read and stored; nothing is decided here."""
