"""The configuration of an attempt in the task log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_lines import conf_lines
from airflow_spark_guard.core.conf.conf_lint import check_conf
from airflow_spark_guard.core.quantity import seconds
from airflow_spark_guard.process.pyspark_pair import mixed_versions

if TYPE_CHECKING:
    from airflow_spark_guard.attempt.marked_log import MarkedLog
    from airflow_spark_guard.attempt.submission import Submission
    from airflow_spark_guard.core.limits import GuardLimits


def log_conf(
    submission: Submission, log: MarkedLog, profile: str, limits: GuardLimits, *, in_full: bool
) -> None:
    """Check the configuration and show it, once per attempt, folded in the UI, secrets masked.

    Args:
        submission: whose configuration it is.
        log: the task's.
        profile: its name.
        limits: of the attempt.
        in_full: show all values; else those that the user has set.

    Raises:
        ConfError: Spark would refuse it, or it would kill the job.
    """
    values = submission.conf.values
    warnings = check_conf(
        values,
        spark_version=submission.spark.version,
        master=submission.request.master,
        environment=tuple(submission.env),
        stall=seconds(limits.stall_timeout),
    )
    for text in (*mixed_versions(submission.spark), *submission.conf.notes, *warnings):
        log.warning("%s", text)
    title, *lines = conf_lines(values, profile, in_full=in_full)
    log.info("::group::%s", title)
    for line in lines:
        log.info("%s", line)
    log.info("::endgroup::")
