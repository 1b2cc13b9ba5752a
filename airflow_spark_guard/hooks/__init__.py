"""Airflow hooks: thin adapters that wire core and process to connections."""
