"""The seed's whole walk, played in the real window: the end-to-end test and the source of the pictures."""
