"""What the figures in the README rest on: `python -m benchmarks` measures them and prints one table."""
