"""Figures of the instruments."""
