"""What sensors cost the triggerer, and the drivers that they look at."""
