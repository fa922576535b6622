"""What front ends may ask: runs, loops, settings, connections."""
