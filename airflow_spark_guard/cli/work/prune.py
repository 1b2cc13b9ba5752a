"""Retention of records on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.cli.terminal import print_text
from airflow_spark_guard.cli.work.fetched import opened, unreadable
from airflow_spark_guard.cli.work.record_place import root_of_records
from airflow_spark_guard.core.errors import BadInputError, RecordError
from airflow_spark_guard.core.quantity import counted, readable_size
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.object_retention import prune_store
from airflow_spark_guard.process.retention import Pruned, Retention, prune

if TYPE_CHECKING:
    from pathlib import Path

_MOST_SHOWN = 20


def run(
    root: Path | StoreAddress | None, max_age: float | None, max_size: int | None, *, dry_run: bool
) -> int:
    """Remove records and print which; return the exit code, 1 if something could not be read or removed.

    Raises:
        BadInputError: neither option is set here or in Airflow.
        RecordError: the folder of records does not exist, or records are switched off.
    """
    rules = Retention(max_age, max_size)
    if not rules.removes:
        rules = _configured()
    folder = root_of_records(root)
    if isinstance(folder, StoreAddress):
        try:
            done = prune_store(opened(folder), rules, dry_run=dry_run)
        except OSError as error:
            raise unreadable(folder, error) from error
        _show(done, folder, dry_run=dry_run)
        return 1 if done.failed else 0
    try:
        done = prune(folder, rules, dry_run=dry_run)
    except OSError as error:
        raise RecordError(
            "The folder of records cannot be read.",
            got=one_line(f"{folder}: {error.strerror}", 1000),
            expected="the root of all records, which has a folder for each DAG",
            advice="Pass it as ROOT, or set Airflow's option [spark_guard] record_folder.",
        ) from error
    _show(done, folder, dry_run=dry_run)
    return 1 if done.failed else 0


def _configured() -> Retention:
    from airflow_spark_guard.hooks.settings import record_max_age, record_max_size  # noqa: PLC0415 - Airflow

    rules = Retention(record_max_age(), record_max_size())
    if not rules.removes:
        raise BadInputError(
            "Nothing says which records may go.",
            got="no --older-than, no --larger-than, no record_max_age or record_max_size in Airflow",
            expected="an age, a size, or both",
            advice="For example: spark-guard prune --older-than 30d --larger-than 10GB --dry-run",
        )
    return rules


def _show(done: Pruned, folder: Path | StoreAddress, *, dry_run: bool) -> None:
    verb = "would be removed" if dry_run else "removed"
    for record in done.removed[:_MOST_SHOWN]:
        place = "/".join(map(str, record.place))
        print_text(f"{verb}: {one_line(place, 1000)}  {readable_size(record.size)}")
    if len(done.removed) > _MOST_SHOWN:
        print_text(f"{verb}: {len(done.removed) - _MOST_SHOWN} more")
    for line in done.failed:
        print_text(f"failed: {one_line(line, 1000)}", style="red")
    running = f", {done.running} of them running" if done.running else ""
    print_text(
        f"{folder}: {counted(len(done.removed), 'record')} {verb}, {readable_size(done.freed)}; "
        f"{done.kept} kept, {readable_size(done.kept_size)}{running}."
    )
