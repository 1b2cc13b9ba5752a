"""Whether a sample stands for its source: the figures of both, their comparison and its picture."""
