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
from airflow_spark_guard.process.spool import Spool, folder_of
from airflow_spark_guard.task.recording import leave_in_store

if TYPE_CHECKING:
    from airflow_spark_guard.attempt.log import TaskLogger
    from airflow_spark_guard.core.errors import SparkGuardError
    from airflow_spark_guard.process.spool import Place

TRACEBACK = "traceback.txt"


def for_log(error: SparkGuardError, log: TaskLogger, record: Place | None) -> SparkGuardError:
    """The exception to raise for this one, from here on; its evidence is logged above its text, once.

    Args:
        error: that was caught.
        log: of the task.
        record: of the attempt, which gets the whole traceback; None for nowhere.
    """
    if (folder := folder_of(record)) is not None:
        text = "".join(traceback.format_exception(error))
        if isinstance(record, Spool) and not folder.is_dir():
            leave_in_store(record, TRACEBACK, text)
        else:
            leave(folder, TRACEBACK, text)
    if isinstance(error, AttemptError) and error.evidence and not error.evidence_logged:
        if not error.evidence_shown:
            log.warning("Evidence of %s:\n%s", error.verdict, error.evidence)
        error = evolved(error, evidence_logged=True)
    return as_airflow_error(error).with_traceback(None)
