"""Airflow sensors on applications that another system submitted: thin adapters over ``core/remote/``."""
