"""Writes the page of an attempt into its record, without harm to the attempt."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from airflow_spark_guard.process.output_file import open_at, write_all
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.report.contents import contents_of_record
from airflow_spark_guard.report.page import page

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "report.html"
_PARTS: Final = 4  # of a record's path: DAG, run, task and try
_BUDGET: Final = 5.0


def write_report(folder: Path, seconds: float = _BUDGET) -> str:
    """Write ``report.html`` beside ``summary.json``, readable by its owner only.

    Args:
        folder: of a record that is closed.
        seconds: how long the attempt waits for it; a store that hangs costs no more.

    Returns:
        Why there is no page, in one sentence; empty if there is one. Nothing is raised.
    """
    trouble = [f"The report was not made within {seconds:g} s."]
    thread = threading.Thread(target=_write, args=(folder, trouble), name="spark-guard-report", daemon=True)
    thread.start()
    thread.join(seconds)
    return trouble[0]


def path_of(folder: Path) -> str:
    """What a record's folder stands for: ``dag / run / task / try-1``."""
    return " / ".join(unquote(part) for part in folder.parts[-_PARTS:])


def _write(folder: Path, trouble: list[str]) -> None:
    try:
        text = page(contents_of_record(read_record(folder), path_of(folder)))
        _replace(folder, text.encode(errors="replace"))
    except Exception as error:  # noqa: BLE001 - a page is a courtesy: it must not end a job that went well
        trouble[0] = f"The report could not be made: {type(error).__name__}: {error}."
    else:
        trouble[0] = ""


def _replace(folder: Path, data: bytes) -> None:
    """A reader sees the whole page or none."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with open_at(place, f".{NAME}", os.O_WRONLY | os.O_TRUNC) as file:
            write_all(file, data)
        os.replace(f".{NAME}", NAME, src_dir_fd=place, dst_dir_fd=place)
    finally:
        os.close(place)
