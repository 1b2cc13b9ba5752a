"""The job's output: bounded, masked, readable."""
