"""Finds operators in a physical plan, and how many rows come out of them.

Names of nodes and metrics are those of Spark 4.2, read from its event logs: ``Filter`` stands above
``ColumnarToRow``, ``InputAdapter`` and ``Scan parquet`` (or ``BatchScan parquet``); each shows
``number of output rows``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_spark_guard.core.history.model import SqlNode

ROWS: Final = "number of output rows"


def below(nodes: Sequence[SqlNode], place: int) -> Iterator[int]:
    """Places of all nodes below the one at a place: those that follow it and are deeper."""
    for index in range(place + 1, len(nodes)):
        if nodes[index].depth <= nodes[place].depth:
            return
        yield index


def children(nodes: Sequence[SqlNode], place: int) -> list[int]:
    """Places of the nodes right below the one at a place."""
    return [index for index in below(nodes, place) if nodes[index].depth == nodes[place].depth + 1]


def rows(nodes: Sequence[SqlNode], place: int) -> float | None:
    """Rows that come out of a node: its own metric, else the sum of those below; None if unknown."""
    for index in _chain(nodes, place):
        if ROWS in nodes[index].metrics:
            return nodes[index].metrics[ROWS]
        if len(below_it := children(nodes, index)) > 1:
            parts = [rows(nodes, child) for child in below_it]
            known = [part for part in parts if part is not None]
            return sum(known) if len(known) == len(parts) else None
    return None


def scan_below(nodes: Sequence[SqlNode], place: int) -> SqlNode | None:
    """The scan that a node reads without another operator in between but conversions and projections."""
    for index in _chain(nodes, place):
        if "PushedFilters: [" in nodes[index].text:
            return nodes[index]
        if index != place and not nodes[index].name.startswith(_TRANSPARENT):
            return None
    return None


_TRANSPARENT: Final = ("ColumnarToRow", "InputAdapter", "WholeStageCodegen", "Project")


def _chain(nodes: Sequence[SqlNode], place: int) -> Iterator[int]:
    """The node and those below it, as long as each has one child; the last one of them as well."""
    yield place
    while len(found := children(nodes, place)) == 1:
        place = found[0]
        yield place
