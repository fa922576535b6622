"""What both fake services serve by: clock, faults, request log, JSON."""
