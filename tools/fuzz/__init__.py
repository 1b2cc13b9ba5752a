"""Every parser of outside input, and input that is nearly right."""
