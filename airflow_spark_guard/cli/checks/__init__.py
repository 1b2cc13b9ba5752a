"""What ``spark-guard doctor`` checks: a class each, and one list of them (``all_checks.py``)."""
