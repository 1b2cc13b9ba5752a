"""The fake spark-submit: reads what the real one reads, submits to a fake, prints what Spark prints."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.conf.properties import parse
from airflow_spark_guard.testing.fake_manager import SUBMIT_PATH

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLAGS = frozenset({"--verbose", "--supervise"})


def main(url: str, arguments: Sequence[str]) -> int:
    """Submit to the fake at ``url``; return the exit code of spark-submit."""
    options, words = _apart(arguments)
    file = options.get("--properties-file")
    conf = parse(Path(file).read_text(encoding="utf-8")) if file else {}
    if "--queue" in options:
        conf["spark.yarn.queue"] = options["--queue"]
    asked = {
        "name": options.get("--name", "a job"),
        "conf": conf,
        "words": words,
        "files": _listed(options.get("--files") or conf.get("spark.files")),
        "py_files": _listed(options.get("--py-files") or conf.get("spark.submit.pyFiles")),
    }
    answer = _send(url + SUBMIT_PATH, asked)
    if answer["exit"]:
        sys.stderr.write('Exception in thread "main" org.apache.spark.SparkException: could not submit\n')
        return int(answer["exit"])
    sys.stderr.writelines(f"26/11/21 03:00:00 INFO {line}\n" for line in answer["printed"])
    return 0


def _apart(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """spark-submit's own options, and the application with its arguments."""
    options, rest = {}, list(arguments)
    while rest and rest[0].startswith("--"):
        name = rest.pop(0)
        options[name] = "" if name in _FLAGS else rest.pop(0)
    return options, rest


def _listed(value: str | None) -> list[str]:
    return [part for part in (value or "").split(",") if part]


def _send(url: str, asked: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(asked).encode())  # noqa: S310 - the test's own server
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - as above
        found: dict[str, Any] = json.loads(response.read())
    return found
