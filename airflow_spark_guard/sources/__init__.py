"""Where observations come from: Spark's REST API, the master, the workers' log pages. I/O, no decisions."""
