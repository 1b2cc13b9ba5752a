"""What a job prints: bounded, masked, made readable."""
