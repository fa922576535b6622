"""The rules of consent (design §3): plans are pure functions of what was seen, acting comes second."""
