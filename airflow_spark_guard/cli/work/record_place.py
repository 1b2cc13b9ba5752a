"""The folder of an attempt's record, from what the user names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.cli.work.fetched import opened, unreadable
from airflow_spark_guard.core.errors import BadInputError, RecordError
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.record_folder import record_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRY = re.compile(r"(map-\d+-)?try-(\d{1,9})", re.ASCII)
_MOST_SHOWN = 5


def root_of_records(root: Path | StoreAddress | None) -> Path | StoreAddress:
    """Where all records are: the given place, else Airflow's option.

    Raises:
        RecordError: records are switched off.
    """
    if root is not None:
        return root
    from airflow_spark_guard.hooks.settings import record_root  # noqa: PLC0415 - it imports Airflow

    found = record_root()
    if found is None:
        raise RecordError(
            "There is no folder of records.",
            got="Airflow's option [spark_guard] record_folder = none",
            expected="a folder",
            advice="Pass the folder, if records were kept elsewhere before.",
        )
    return found


def place_of_record(
    root: Path | StoreAddress, dag: str, run: str, task: str, number: int | None, map_index: int
) -> Path | StoreAddress:
    """Where a try is; the newest one if no number is given.

    Raises:
        BadInputError: DAG, run or task is missing.
        RecordError: there is no such record; the message lists what there is.
    """
    missing = [name for name, value in (("--dag", dag), ("--run", run), ("--task", task)) if not value]
    if missing:
        raise BadInputError(
            "The record is not named completely.",
            got=f"without {', '.join(missing)}",
            expected="PATH, or --dag, --run and --task",
            advice="Copy the line 'record:' from the task log, or name DAG, run and task.",
        )
    if isinstance(root, StoreAddress):
        return _in_store(root, record_folder(Path(), dag, run, task, map_index, number or 1), number)
    numbers = [number] if number is not None else _tries(root, dag, run, task, map_index)
    folder = record_folder(root, dag, run, task, map_index, max(numbers, default=1))
    if not folder.is_dir():
        raise _no_record(root, folder)
    return folder


def _in_store(root: StoreAddress, first: Path, number: int | None) -> StoreAddress:
    task = first.parent.as_posix()
    try:
        names = opened(root).folders(task)
    except OSError as error:
        raise unreadable(root, error) from error
    newest = first.name.replace("try-1", f"try-{max(_numbers(first.name, names), default=1)}")
    name = newest if number is None else first.name
    if name not in names:
        raise RecordError(
            "There is no such record.",
            got=one_line(f"{root.below(task)} has {', '.join(names[-_MOST_SHOWN:]) or 'nothing'}", 1000),
            expected="<address>/<dag>/<run>/<task>/try-1",
            advice="Check the ids, --try and --map, and the address: --root, or Airflow's option "
            "[spark_guard] record_folder.",
        )
    return StoreAddress(root.below(f"{task}/{name}"))


def _tries(root: Path, dag: str, run: str, task: str, map_index: int) -> list[int]:
    first = record_folder(root, dag, run, task, map_index, 1)
    return _numbers(first.name, _names(first.parent))


def _numbers(first: str, names: Iterable[str]) -> list[int]:
    mapped = _TRY.fullmatch(first)
    wanted = mapped[1] if mapped else None
    return [int(found[2]) for found in map(_TRY.fullmatch, names) if found and found[1] == wanted]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _no_record(root: Path, folder: Path) -> RecordError:
    """What is there instead, at the deepest folder that exists."""
    deepest = next((above for above in folder.parents if above.is_dir()), root)
    names = _names(deepest)
    shown = ", ".join(names[-_MOST_SHOWN:])
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return RecordError(
        "There is no such record.",
        got=one_line(f"{folder}; {deepest} has {shown or 'nothing'}{more}", 1000),
        expected="the folder of a try, <root>/<dag>/<run>/<task>/try-1",
        advice="Check the ids, --try and --map, and the root: --root, or Airflow's option "
        "[spark_guard] record_folder.",
    )
