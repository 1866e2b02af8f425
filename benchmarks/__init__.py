"""What this machine does: `python -m benchmarks`."""
