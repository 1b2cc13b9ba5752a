"""Beside the job: launch it, find what outlived it, end it, and prove that. No Airflow here."""
