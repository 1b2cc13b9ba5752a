"""Switches the instruments on for a whole attempt: ``SafeSparkSubmitOperator(verbosity=...)``."""

from __future__ import annotations

import atexit

from airflow_spark_guard.job.instruments.automatic.wrapped_job import Instrumented
from airflow_spark_guard.job.instruments.instrumentation import SparkInstrumentation
from airflow_spark_guard.job.instruments.verbosity import Verbosity


def start_from_environment() -> None:
    """Instrument the script that runs next, by ``SPARK_GUARD_VERBOSITY``; at its exit the summary is printed.

    Raises:
        OptionError: the variable is not one of 0 to 3.
    """
    instruments = SparkInstrumentation()
    if not instruments.is_on:
        return
    instrumented = Instrumented(instruments)

    def finish() -> None:
        instrumented.undo()
        instruments.say(instruments.get_metrics_summary(), Verbosity.SUMMARY)

    atexit.register(finish)
