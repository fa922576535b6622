"""Numbers the two services set (constant-contact.md §5, §9, §14, §15; kibo.md §5) and ours beside them."""

from __future__ import annotations

from datetime import timedelta

IMPORT_MAX_ROWS = 40_000
IMPORT_MAX_BYTES = 3_900_000  # 4 MB is cut without an error (§14): stay below, the envelope included
LIST_JOB_MAX_IDS = 500
EMAIL_MAX_BULK = 50  # import and sign-up form
EMAIL_MAX = 80
NAME_MAX = 50
STREET_MAX = 255
LIST_NAME_MAX = 255
CAMPAIGN_NAME_MAX = 80
FROM_NAME_MAX = 100

DAILY_CALLS = 10_000
RESERVED_SHARE = 0.10  # of the daily calls, kept for opt-outs (design §4)

RETRY_MOST = timedelta(hours=12)  # the longest a failed entry of the queue waits to be tried again
LOOP_EVERY = timedelta(minutes=30)
KIBO_OVERLAP = timedelta(minutes=10)
MAIL_OVERLAP = timedelta(minutes=10)
KEEP_DAYS = 90

A_SECOND = timedelta(seconds=1)
"""Constant Contact's dates have whole seconds: what comes after one of them is a second later."""
