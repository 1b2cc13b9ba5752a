"""What Spark sends of the driver's Python: functions and broadcasts, their size and what makes it up."""
