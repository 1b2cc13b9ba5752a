"""Answers of Spark's web servers, read without any I/O."""
