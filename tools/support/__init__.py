"""A real Airflow, and processes found by a mark: for programs that run jobs, and for tests."""
