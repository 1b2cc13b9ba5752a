"""Airflow operators: thin adapters over the hooks."""
