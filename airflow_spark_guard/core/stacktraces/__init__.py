"""Stacks of Python and of JVMs, and what they tell."""
