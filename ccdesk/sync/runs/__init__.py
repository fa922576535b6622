"""What each kind of run does, in which order."""
