"""How an attempt failed, what to say of it, and whether to try again."""
