"""Instruments: what a job sends, how deep its plans are, and what its stages cost."""
