"""Our exceptions as Airflow's log shows them: their text at the end of it, without this package's frames.

Airflow's log opens at its end, and lists every frame below the text of an exception. Of an error that we have
made the frames say nothing: the text does. Exceptions of any other kind, which are errors of this package,
keep all of theirs.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from airflow_spark_guard.core.errors import AttemptError
from airflow_spark_guard.core.failure.evolved import evolved
from airflow_spark_guard.hooks.airflow_errors import as_airflow_error
from airflow_spark_guard.process.record_folder import leave

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spark_guard.attempt.log import TaskLogger
    from airflow_spark_guard.core.errors import SparkGuardError

TRACEBACK = "traceback.txt"


def for_log(error: SparkGuardError, log: TaskLogger, record: Path | None) -> SparkGuardError:
    """The exception to raise for this one, from here on; its evidence is logged above its text, once.

    Args:
        error: that was caught.
        log: of the task.
        record: the folder of the attempt, which gets the whole traceback; None for nowhere.
    """
    if record is not None:
        leave(record, TRACEBACK, "".join(traceback.format_exception(error)))
    if isinstance(error, AttemptError) and error.evidence and not error.evidence_logged:
        if not error.evidence_shown:
            log.warning("Evidence of %s:\n%s", error.verdict, error.evidence)
        error = evolved(error, evidence_logged=True)
    return as_airflow_error(error).with_traceback(None)
