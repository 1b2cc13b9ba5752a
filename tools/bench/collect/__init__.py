"""What it costs to bring a DataFrame to the driver, and to score one on executors."""
