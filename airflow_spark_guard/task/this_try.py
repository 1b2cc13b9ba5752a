"""What belongs to one try of a task: its tag, its record, the name of its application."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.application_name import task_name
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.remote.announcement import record_link
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.hooks.settings import deployment, record_root, record_url
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.record_folder import record_folder
from airflow_spark_guard.process.spool import Spool, folder_of
from airflow_spark_guard.task.task_instance import task_instance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from airflow_spark_guard.attempt.marked_log import MarkedLog
    from airflow_spark_guard.process.spool import Place

_PARTS = 4  # of a record's place: DAG, run, task and try
_DEFAULT_NAME = "arrow-spark"  # upstream's default, used outside a task


def tag(context: Mapping[str, Any]) -> Tag:
    """The tag of the task instance, distinct from an equally named one of another Airflow on this host."""
    ti = task_instance(context)
    if ti is None:
        return Tag(new_attempt(), new_attempt())
    names = (*deployment(), ti.dag_id, ti.run_id, ti.task_id, ti.map_index)
    digest = hashlib.sha256(json.dumps(list(map(str, names))).encode()).hexdigest()  # any characters
    return Tag(digest[:32], new_attempt(ti.try_number))


def record(context: Mapping[str, Any], log: MarkedLog) -> Place | None:
    """Where this try's record is written; None outside Airflow, or if there is none.

    A store that cannot be used is a warning: a record never ends a job.
    """
    ti = task_instance(context)
    if ti is None:
        return None

    def place(root: Path) -> Path:
        return record_folder(root, ti.dag_id, ti.run_id, ti.task_id, ti.map_index, ti.try_number)

    try:
        root = record_root()
        if isinstance(root, StoreAddress):
            return Spool.of(root, place)
    except BadInputError as error:
        log.warning("The attempt has no record. %s", error)
        return None
    return None if root is None else place(root)


def record_page(record: Place | None, log: MarkedLog) -> str:
    """The record's URL for browsers; empty if it is not served."""
    base, folder = record_url(), folder_of(record)
    if not base or folder is None:
        return ""
    url = record_link(base, folder.parents[_PARTS - 1], folder)
    if not url:
        log.warning("[spark_guard] record_url is not a plain http address: the task gets no link.")
    return url


def application_name(context: Mapping[str, Any]) -> str:
    """The name of an application for which the user sets none."""
    ti = task_instance(context)
    if ti is None:
        return _DEFAULT_NAME
    return task_name(ti.dag_id, ti.task_id, ti.try_number, ti.map_index)
