"""What belongs to one try of a task: its tag, its record, the name of its application."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.application_name import task_name
from airflow_spark_guard.core.remote.announcement import record_link
from airflow_spark_guard.hooks.settings import deployment, record_root, record_url
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.record_folder import record_folder
from airflow_spark_guard.task.task_instance import task_instance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from airflow_spark_guard.attempt.marked_log import MarkedLog

_DEFAULT_NAME = "arrow-spark"  # upstream's default, used outside a task


def tag(context: Mapping[str, Any]) -> Tag:
    """The tag of the task instance, distinct from an equally named one of another Airflow on this host."""
    ti = task_instance(context)
    if ti is None:
        return Tag(new_attempt(), new_attempt())
    names = (*deployment(), ti.dag_id, ti.run_id, ti.task_id, ti.map_index)
    digest = hashlib.sha256(json.dumps(list(map(str, names))).encode()).hexdigest()  # any characters
    return Tag(digest[:32], new_attempt(ti.try_number))


def record(context: Mapping[str, Any]) -> Path | None:
    """The folder for this try's record; None outside Airflow, or if records are switched off."""
    ti, root = task_instance(context), record_root()
    if ti is None or root is None:
        return None
    return record_folder(root, ti.dag_id, ti.run_id, ti.task_id, ti.map_index, ti.try_number)


def record_page(folder: Path | None, log: MarkedLog) -> str:
    """The record's URL for browsers; empty if it is not served."""
    base, root = record_url(), record_root()
    if not base or root is None or folder is None:
        return ""
    url = record_link(base, root, folder)
    if not url:
        log.warning("[spark_guard] record_url is not a plain http address: the task gets no link.")
    return url


def application_name(context: Mapping[str, Any]) -> str:
    """The name of an application for which the user sets none."""
    ti = task_instance(context)
    if ti is None:
        return _DEFAULT_NAME
    return task_name(ti.dag_id, ti.task_id, ti.try_number, ti.map_index)
