"""The live page in Airflow's API server. Nothing here is imported before Airflow asks for it."""
