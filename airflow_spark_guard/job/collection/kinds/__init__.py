"""The kinds of columns: a module for each, with how Spark sends its values and how Python reads them."""
