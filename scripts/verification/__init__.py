"""The parts of `scripts/verify.py`."""
