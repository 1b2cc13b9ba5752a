"""The watch: observations in, decisions out."""
