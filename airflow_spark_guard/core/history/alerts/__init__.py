"""What an application wastes, why, and what to do about it. ``catalogue`` lists the kinds."""
