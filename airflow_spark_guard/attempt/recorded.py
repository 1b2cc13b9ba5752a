"""The record of an attempt while it runs, and its report once the record is closed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.quantity import size_in_bytes
from airflow_spark_guard.process.spool import open_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.attempt.spec import AttemptSpec
    from airflow_spark_guard.process.record import NoRecord, Record


@contextlib.contextmanager
def recorded(spec: AttemptSpec) -> Iterator[Record | NoRecord]:
    """Open the record. At the end it is closed, and drawn if the attempt came to an end of its own.

    After Airflow's time-out or a kill there is no time to draw: ``spark-guard report`` does it later.
    """
    reporting = spec.reporting
    try:
        with open_record(reporting.record, size_in_bytes(spec.limits.record_size)) as record:
            yield record
    except SparkGuardError:
        _draw(spec, record)
        raise
    else:
        _draw(spec, record)


def _draw(spec: AttemptSpec, record: Record | NoRecord) -> None:
    if not spec.reporting.report or not record.place or record.trouble:
        return
    # Imported here: no DAG is parsed with it, and an attempt without a report does without its modules.
    from airflow_spark_guard.report.writing import NAME, write_report  # noqa: PLC0415

    if trouble := write_report(record.folder):
        spec.reporting.log.warning("%s The job is not affected.", trouble)
    else:
        spec.reporting.log.info("Report: %s/%s", record.place, NAME)
