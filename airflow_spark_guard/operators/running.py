"""What an operator needs in a worker, and no DAG is parsed with: the hook, and what surrounds an attempt."""

from __future__ import annotations

from airflow_spark_guard.attempt.spec import ignore
from airflow_spark_guard.core.arguments import checked_arguments
from airflow_spark_guard.core.options import check_options
from airflow_spark_guard.hooks.listener import Listener
from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
from airflow_spark_guard.hooks.secrets_in_hand import learn, secrets_in_fields, secrets_of
from airflow_spark_guard.hooks.settings import pages
from airflow_spark_guard.hooks.upstream import hook_arguments
from airflow_spark_guard.task.announcement import Announcement, announcing
from airflow_spark_guard.task.failure import ObservedVerdicts, report
from airflow_spark_guard.task.metrics import counting
from airflow_spark_guard.task.recording import Recording
from airflow_spark_guard.task.retention import start_retention
from airflow_spark_guard.task.seam import for_log
from airflow_spark_guard.task.this_try import application_name, record, record_page, tag

__all__ = [
    "Announcement",
    "Listener",
    "ObservedVerdicts",
    "Recording",
    "SafeSparkSubmitHook",
    "announcing",
    "application_name",
    "check_options",
    "checked_arguments",
    "counting",
    "for_log",
    "hook_arguments",
    "ignore",
    "learn",
    "pages",
    "record",
    "record_page",
    "report",
    "secrets_in_fields",
    "secrets_of",
    "start_retention",
    "tag",
]
