"""The support kit: what is recorded of runs and calls, the bundle of it, and runs done once more from one."""
