"""The exceptions that users catch, and the verdict that an attempt's exception has.

::

    try:
        hook.submit("job.py")
    except DeadlineError:
        ...
    except AttemptError as error:
        print(error.verdict, error.what, error.where, error.advice, error.record)

``core/errors.py`` draws the whole tree. Importing this module imports neither Airflow nor PySpark.
"""

from __future__ import annotations

from airflow_spark_guard.core.errors import (
    AttemptError,
    BadInputError,
    ConnectionMissingError,
    DeadlineError,
    DriverGoneError,
    DriverSilentError,
    ExecutorsLostError,
    KilledError,
    LimitError,
    MonitorError,
    NotExitingError,
    ProfileError,
    ResultError,
    SparkGuardError,
    StalledError,
    StarvedError,
    SubmitError,
    TakenOverError,
    ToolchainError,
    UserCodeError,
    VanishedError,
    WorkerCrashedError,
)
from airflow_spark_guard.core.verdict import Verdict

__all__ = [
    "AttemptError",
    "BadInputError",
    "ConnectionMissingError",
    "DeadlineError",
    "DriverGoneError",
    "DriverSilentError",
    "ExecutorsLostError",
    "KilledError",
    "LimitError",
    "MonitorError",
    "NotExitingError",
    "ProfileError",
    "ResultError",
    "SparkGuardError",
    "StalledError",
    "StarvedError",
    "SubmitError",
    "TakenOverError",
    "ToolchainError",
    "UserCodeError",
    "VanishedError",
    "Verdict",
    "WorkerCrashedError",
]
