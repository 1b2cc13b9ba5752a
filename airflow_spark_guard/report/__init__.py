"""Draws one attempt, or one application, as a single HTML page that needs nothing but a browser."""
