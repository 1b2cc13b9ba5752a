"""The plan of a Spark Connect DataFrame, read on this side: no request is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.frames.paths import Depth, longest_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_NODES = 100_000  # Python objects, not calls: a second
_SUBQUERIES = "_references"


def connect_depth(df: Any) -> tuple[Depth, int]:
    """The longest path of relations that the script has built, and how many relations there are."""
    return longest_path(df._plan, _children, id, _MOST_NODES)  # noqa: SLF001 - the client publishes no plan


def _children(plan: Any) -> Iterator[Any]:
    """Every relation below: each kind has its own name for them (child, left and right, other, children)."""
    for name, value in vars(plan).items():
        if name != _SUBQUERIES:
            yield from (one for one in (value if isinstance(value, list) else [value]) if _is_plan(one))


def _is_plan(value: Any) -> bool:
    return type(value).__module__ == "pyspark.sql.connect.plan" and hasattr(value, "_plan_id")
