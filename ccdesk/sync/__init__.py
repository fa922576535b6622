"""Keeping both sides the same (design §3): plans are pure functions of what was seen, acting comes second.

`runs/` says what a run does in which order, `sensors/` what has changed, `outbox/` makes the calls that
change something and reads back what they did. What lies beside them decides, or is carried along.
"""
