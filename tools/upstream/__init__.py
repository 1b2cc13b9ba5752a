"""The Spark provider's own tests, on its classes and on ours."""
