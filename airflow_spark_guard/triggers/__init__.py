"""Airflow triggers: what is watched without a worker slot."""
