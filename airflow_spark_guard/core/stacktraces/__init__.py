"""Stacks of Python processes and JVMs, and their interpretation."""
