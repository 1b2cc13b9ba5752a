"""Executors that died before they registered: no driver lists them, but a standalone master knows them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.watch.observation import DriverView, Executor


def worth_asking_the_master(view: DriverView, known: Iterable[str]) -> bool:
    """Whether the master may know of executors that the driver does not list.

    A master numbers an application's executors from 0, so a gap is one that starts, or died starting; in a
    crash loop none is there at all.

    Args:
        view: what the driver lists.
        known: ids of those that are known to have died so.
    """
    if not any(row.active for row in view.executors):
        return True
    seen = {row.id for row in view.executors} | set(known)
    highest = max((int(name) for name in seen if name.isdecimal()), default=-1)
    return any(str(number) not in seen for number in range(highest))


def with_unregistered(view: DriverView, ended: Iterable[Executor]) -> DriverView:
    """What the driver lists, and whatever the master says of those that it does not."""
    listed = {row.id for row in view.executors}
    return replace(view, executors=(*view.executors, *(row for row in ended if row.id not in listed)))
