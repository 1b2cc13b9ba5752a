"""The compose stack: started, stopped, and tried end to end."""
