"""Parses answers of Spark's web servers, without any I/O."""
