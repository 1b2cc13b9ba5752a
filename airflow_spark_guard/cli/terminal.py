"""What all commands share: the console, and durations, sizes and versions on the command line.

Nothing that is printed is read as markup: texts of jobs and records are only text.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.quantity import seconds, size_in_bytes
from airflow_spark_guard.core.store_address import StoreAddress, store_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

T = TypeVar("T")
# Columns of an output that is not a terminal; lines are never cut.
_WIDTH = 100


def console(*, stderr: bool = False) -> Console:
    """The console to print on; colours only on a terminal."""
    from rich.console import Console  # noqa: PLC0415 - help is quick

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = _WIDTH
    return made


def duration(text: str) -> float:
    """A duration on the command line, such as ``90``, ``10m`` or ``1h 30m``, in seconds."""
    return _read(text, seconds, "a duration such as 10m or 1h 30m")


def size(text: str) -> int:
    """A size on the command line, such as ``10GB``, in bytes."""
    return _read(text, size_in_bytes, "a size such as 500m or 10g")


def place(text: str) -> Path | StoreAddress:
    """A folder, or the address of one in an object store, such as ``s3://aws_default@logs/spark_guard``."""
    try:
        found = store_address(text.removeprefix("file://"))
    except BadInputError as error:
        raise typer.BadParameter(f"{error.what} {error.advice}") from None
    return Path(text.removeprefix("file://")) if found is None else found


def _read(text: str, reader: Callable[[object], T], expected: str) -> T:
    try:
        return reader(text)
    except ValueError:
        msg = f"{text!r} is not {expected}"
        raise typer.BadParameter(msg) from None


def print_text(text: str, *, style: str = "", wrap: bool = False) -> None:
    """Print lines of plain text.

    Args:
        text: what is printed, safe for a terminal.
        style: rich's name of a style; empty for none.
        wrap: whether long lines are wrapped between words; else they stay whole.
    """
    console().print(text, style=style or None, soft_wrap=not wrap)


def fields(*rows: tuple[str, str]) -> None:
    """Print names and texts in two columns; no word is broken, so that paths and addresses stay whole."""
    from rich.text import Text  # noqa: PLC0415 - help is quick

    out = console()
    indent = max((len(name) for name, _ in rows), default=0) + 4
    for name, text in rows:
        lines = [
            part
            for line in text.splitlines()
            for part in textwrap.wrap(
                line, max(out.width - indent, 20), break_long_words=False, break_on_hyphens=False
            )
            or [""]
        ]
        head = f"  {name.ljust(indent - 2)}"
        for at, line in enumerate(lines or [""]):
            shown = Text.assemble((head if at == 0 else " " * indent, "cyan"), line)
            shown.rstrip()
            out.print(shown, soft_wrap=True)
