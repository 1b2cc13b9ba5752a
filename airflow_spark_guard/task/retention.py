"""Old records are removed at the start of an attempt: a second's work beside it, never its trouble."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.hooks.object_storage import open_store
from airflow_spark_guard.hooks.settings import record_max_age, record_max_size, record_root
from airflow_spark_guard.process.object_retention import prune_store
from airflow_spark_guard.process.retention import Retention, prune

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spark_guard.attempt.marked_log import MarkedLog

BUDGET: Final = 1.0
"""Seconds; a store that is larger than that allows is seen part by part, by one attempt after the other."""


def start_retention(log: MarkedLog) -> threading.Thread | None:
    """Start to remove old records as Airflow's options say; None if they keep every record.

    An option that cannot be read is a warning. Whatever the store does is one line at DEBUG.
    """
    try:
        root, rules = record_root(), Retention(record_max_age(), record_max_size())
    except BadInputError as error:
        log.warning("Old records are kept. %s", error)
        return None
    if root is None or not rules.removes:
        return None
    thread = threading.Thread(
        target=_prune, args=(root, rules, log), name="spark-guard-retention", daemon=True
    )
    thread.start()
    return thread


def _prune(root: Path | StoreAddress, rules: Retention, log: MarkedLog) -> None:
    start = random.random()  # noqa: S311 - where it begins
    try:
        if isinstance(root, StoreAddress):
            done = prune_store(open_store(root), rules, budget=BUDGET, start=start)
        else:
            done = prune(root, rules, budget=BUDGET, start=start)
    except FileNotFoundError:
        return  # the first attempt of all
    except Exception as error:  # noqa: BLE001 - the attempt goes on, whatever a store does
        log.debug("Old records could not be removed: %s", f"{type(error).__name__}: {error}"[:300])
        return
    if done.failed:
        log.debug("Some old records could not be removed: %s", "; ".join(done.failed)[:1000])
