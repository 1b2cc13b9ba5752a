"""Runs the checks and prints their lines."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.cli.checks.all_checks import CHECKS
from airflow_spark_guard.cli.terminal import console
from airflow_spark_guard.core.quantity import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_spark_guard.cli.checks.check import Check, Line
    from airflow_spark_guard.cli.checks.setup import Setup

_STYLES: Final = {"ok": "green", "warning": "yellow", "error": "bold red"}


def run(setup: Setup, checks: Iterable[Check] = CHECKS, *, as_json: bool = False) -> int:
    """Run the checks one after the other; return the exit code, 1 if there is an error line."""
    lines: list[Line] = []
    for line in _lines(setup, checks):
        lines.append(line)
        if not as_json:
            _show(line)
    if as_json:
        print(json.dumps([asdict(line) for line in lines], indent=2))  # noqa: T201 - a command prints
    else:
        _show_sum(lines)
    return 1 if any(line.state == "error" for line in lines) else 0


def _lines(setup: Setup, checks: Iterable[Check]) -> Iterator[Line]:
    for check in checks:
        yield from check.run(setup)


def _show(line: Line) -> None:
    from rich.text import Text  # noqa: PLC0415 - not for JSON

    out = console()
    state = (line.state.ljust(7), _STYLES[line.state])
    out.print(Text.assemble(state, "  ", line.check.ljust(14), "  ", line.what), soft_wrap=True)
    if line.fix:
        out.print(Text.assemble(" " * 25, ("do: ", "cyan"), line.fix), soft_wrap=True)


def _show_sum(lines: Iterable[Line]) -> None:
    states = [line.state for line in lines]
    errors, warnings = states.count("error"), states.count("warning")
    console().print(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}.")
