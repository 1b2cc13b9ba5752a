"""What the job's instruments have measured: closures, plans, broadcasts, stages."""
