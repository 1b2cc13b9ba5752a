"""Takes what belongs to this machine out of a record: paths, names of user and host, ids of the harness."""

from __future__ import annotations

import getpass
import json
import platform
import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyspark

from tools import ROOT
from tools.examples.cases import JOBS
from tools.faults import harness
from tools.support.processes import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTPUT: Final = "output.log"
_MOST_OUTPUT: Final = 8_000
"""Bytes of the output that an example keeps: its end."""
_KEPT: Final = ("summary.json", "observations.jsonl", "autopsy.txt", "traceback.txt", OUTPUT)
_FOLDERS: Final = (
    (r"/tmp/spark-guard-[0-9a-f]{32}-\w+", "/tmp/spark-guard"),  # noqa: S108 - a text, not a file
    (r"/tmp/[\w-]+?-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "/tmp/spark"),  # noqa: S108
    (r"/usr/lib/jvm/[\w.-]+", "/usr/lib/jvm/java"),
)
_OF_A_MACHINE: Final = re.compile(r"(?<![\w.-])/(?:root|home|work|Users|tmp/(?!spark))\b")


def copied(record: Path, into: Path) -> Path:
    """A copy of a record that says nothing of this machine; the folder ``into``.

    Raises:
        ValueError: something of this machine is left.
    """
    texts = {name: _text(record / name) for name in _KEPT if (record / name).exists()}
    into.mkdir(parents=True)
    for name, text in texts.items():
        (into / name).write_text(text)
    return into


def _text(file: Path) -> str:
    data = file.read_bytes()
    if file.name == OUTPUT and len(data) > _MOST_OUTPUT:
        data = data[-_MOST_OUTPUT:].partition(b"\n")[2]
    text = cleaned(data.decode(errors="replace"))
    return _without_mark(text) if file.name == "summary.json" else text


def cleaned(text: str) -> str:
    """The text with other names for what belongs to this machine.

    Raises:
        ValueError: something of this machine is left.
    """
    for old, new in _places():
        text = text.replace(old, new)
    for pattern, new in _FOLDERS:
        text = re.sub(pattern, new, text)
    for old, new in (
        (socket.gethostname(), "worker"),
        (getpass.getuser(), "airflow"),
        (platform.release(), "6.1"),
    ):
        text = re.sub(rf"(?<![\w.]){re.escape(old)}(?![\w.])", new, text)
    if found := _OF_A_MACHINE.search(text):
        msg = f"A path of this machine is left: {text[max(0, found.start() - 60) : found.end() + 60]!r}"
        raise ValueError(msg)
    return text


def _places() -> Iterator[tuple[str, str]]:
    """Folders of this machine and what stands for them, the longest first."""
    packages = Path(pyspark.__file__).parent.parent
    places = {
        harness.JOBS: "/jobs",
        JOBS: "/jobs",
        harness.FOLDER: "/build",
        packages: "/venv/site-packages",
        Path(sys.prefix): "/venv",
        Path(sys.base_prefix): "/usr",
        ROOT: "/project",
    }
    known = {str(form): new for folder, new in places.items() for form in (folder, folder.resolve())}
    return iter(sorted(known.items(), key=lambda one: len(one[0]), reverse=True))


def _without_mark(text: str) -> str:
    """The summary without the setting by which the harness finds the processes of its case."""
    summary = json.loads(text)
    summary["conf"] = {key: value for key, value in summary["conf"].items() if MARK not in key}
    return json.dumps(summary)
