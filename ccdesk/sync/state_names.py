"""Names of what runs remember from one to the next, as the store keeps it (`Store.state`).

Here stand those that several modules share. What is known of the active list has its names in `active_list`,
how the two clocks differ in `core.clock`.
"""

from __future__ import annotations

# The changes of the shop (sensors/shop_changes.py)
EVENTS_SINCE = "events.since"  # greatest update date of a customer seen
EVENTS_BEGAN = "events.began"  # Kibo's time of the first look, or of the first export's beginning
EVENTS_POLLED = "events.polled_at"  # Kibo's clock at the last complete look for changes
HINTS_SINCE = "events.hints_since"
HINTS_ASKED = "events.hints_asked_at"

# Opt-outs, updates and the list in Constant Contact (runs/inbound.py, runs/list_scan.py)
OPT_OUTS_SINCE = "inbound.opt_outs_since"
UPDATES_SINCE = "inbound.updates_since"
INBOUND_BEGAN = "inbound.began"  # nothing from before the first poll is written back (design R4)
UPDATES_FLOOR = "inbound.updates_floor"  # everything up to here was read back after our own writes
SCANNED_AT = "inbound.scanned_at"
SIGN_UPS_SINCE = "inbound.sign_ups_since"  # the next scan of the list looks for sign-ups from then on
FORMER_LIST = "list.former"  # the list links mean by `on_list`, until it has been looked at a last time

# Exports (runs/export_session.py, runs/export_first.py)
BASELINE = "export.baseline"  # Kibo's time of the first complete export
EXPORTED_LISTS = "export.lists"  # ids of the lists whose first export is done or asks nothing
LEFT_OUT_LISTS = "export.lists.left_out"  # ids of those whose first export left people out
EXPORT_OPEN = "export.open"  # the export that goes on or was cut short

# Writing back to Kibo, and the daily comparison (outbox/shop.py, runs/compare.py)
WRITE_BACK_FROM = "carry.from"  # where writing back goes on, after failures in a row ended it
WRITES_STOPPED = "kibo.writes_stopped"  # the customer who lost data when written to
COMPARED_AT = "compare.finished_at"
SWEPT_AT = "compare.swept_at"  # Kibo's clock when the last complete reading of all customers began
