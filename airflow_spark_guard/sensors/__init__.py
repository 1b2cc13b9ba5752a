"""Airflow sensors on applications that somebody else submitted: thin adapters over ``core/remote/``."""
