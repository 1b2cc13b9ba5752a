"""The configuration: profiles, merge, lint, preflight."""
