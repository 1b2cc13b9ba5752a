"""The page of task logs, each of a job that runs for real."""
