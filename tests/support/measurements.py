"""Measurements of the job's instruments, for tests: the messages of the golden file, and any other."""

from __future__ import annotations

import json
from typing import Any

from airflow_spark_guard.core.instruments.instrument import Instrument
from airflow_spark_guard.core.protocol import Message
from tests.support.paths import DATA

LINES = [
    json.loads(line)
    for line in (DATA / "golden" / "messages.jsonl").read_text().splitlines()
    if '"kind":"instrument"' in line
]
"""The golden messages of this kind."""


def measured(what: str, name: str = "x", line: str = "", warning: str = "", **values: Any) -> Instrument:
    """A measurement."""
    return Instrument.from_json(
        {"wall": 1.5, "what": what, "name": name, "line": line, "warning": warning, "values": values}
    )


def message_of(line: dict[str, Any]) -> Message:
    """A message of the golden file as the reading end gives it."""
    fields = {name: value for name, value in line.items() if name not in {"v", "kind", "t"}}
    return Message(line["kind"], line["t"], fields)
