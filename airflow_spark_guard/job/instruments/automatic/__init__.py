"""The instruments for a job that was not written for them."""
