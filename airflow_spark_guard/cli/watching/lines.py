"""A picture as lines for an output that is not a terminal: one for each change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.quantity import counted, readable_duration
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.cli.watching.picture import Picture, StageLine

_LONGEST = 300


def changes(before: Picture, now: Picture) -> Iterator[str]:
    """What has changed between two pictures."""
    yield from _executors(before, now)
    known = {stage.key: stage for stage in before.stages}
    current = {stage.key: stage for stage in now.stages}
    for key, stage in known.items():
        if key not in current:
            yield f"{stage.name} is no longer active; {_tasks(stage)} when last seen"
    for key, stage in current.items():
        yield from _stage(known.get(key), stage)
    if now.jobs != before.jobs and not now.jobs:
        yield "No Spark job runs."
    yield from (place for place in now.places if place not in before.places)


def _executors(before: Picture, now: Picture) -> Iterator[str]:
    known = {row.id: row for row in before.executors}
    for row in now.executors:
        old = known.get(row.id)
        if row.active and old is None:
            yield f"executor {row.id} on {one_line(row.host, 100)}: {counted(row.cores, 'core')}"
        elif not row.active and (old is None or old.active):
            yield f"executor {row.id} is gone: {one_line(row.reason, _LONGEST) or 'no reason given'}"


def _stage(old: StageLine | None, stage: StageLine) -> Iterator[str]:
    if old is None or (old.done, old.failed, old.running) != (stage.done, stage.failed, stage.running):
        yield f"{stage.name}: {_tasks(stage)}, {stage.running} running"
    step = _alarm(stage)
    if step and step != (_alarm(old) if old is not None else ""):
        limit = readable_duration(stage.limit or 0.0)
        yield f"{stage.name} has not moved for {readable_duration(stage.stood)} (limit: {limit})"


def _tasks(stage: StageLine) -> str:
    failed = f", {stage.failed} failed" if stage.failed else ""
    return f"{stage.done} of {stage.tasks} tasks done{failed}"


def _alarm(stage: StageLine) -> str:
    """``half`` from half of the limit on, ``limit`` from the limit on."""
    if not stage.limit or stage.stood < stage.limit / 2:
        return ""
    return "limit" if stage.stood >= stage.limit else "half"
