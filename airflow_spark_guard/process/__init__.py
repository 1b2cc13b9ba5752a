"""Launches processes beside the job, finds what outlived it, ends it, and confirms that. No Airflow here."""
