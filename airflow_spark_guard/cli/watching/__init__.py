"""``spark-guard watch``: what is asked, what is made of it, and how it is shown."""
