"""What the guard costs: every figure of the README and of docs/figures.md."""
