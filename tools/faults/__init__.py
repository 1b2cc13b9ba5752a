"""The fault matrix: its cases, what runs them on real Spark under real Airflow, and its pages."""
