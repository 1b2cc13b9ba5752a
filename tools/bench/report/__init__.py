"""What it costs to make a report: how fast an event log is read, and in how much memory."""
