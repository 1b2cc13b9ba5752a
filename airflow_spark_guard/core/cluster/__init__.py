"""Cluster mode: an application that a resource manager runs, and what its manager says of it."""
