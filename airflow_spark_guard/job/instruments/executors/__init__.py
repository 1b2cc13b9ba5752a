"""The executors' Python: its versions against the driver's, and the modules that it lacks."""
