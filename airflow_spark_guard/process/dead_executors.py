"""Reads the stderr of executors that died recently, before the job ends and their log pages go with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.failure.executor_log import DeadLog, best, unread
from airflow_spark_guard.core.watch.executor_loss import was_lost
from airflow_spark_guard.process.autopsy_steps import NotSeenError, PartialDiagnostics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.observation import Executor
    from airflow_spark_guard.process.autopsy_steps import AutopsyInput

_MOST = 4
_LENGTH = 64 * 1024
_SUMMARY_LINES = 15


def logs(autopsy_input: AutopsyInput) -> PartialDiagnostics:
    """The end of the stderr of the executors that died last, from different hosts first.

    Raises:
        NotSeenError: none of them could be read.
    """
    rows = (
        [] if autopsy_input.suspect else _chosen(autopsy_input)
    )  # a finding with a suspect is explained by stacks
    if not rows:
        return PartialDiagnostics()
    with ThreadPoolExecutor(_MOST) as pool:
        texts = list(pool.map(lambda row: _read(autopsy_input, row), rows))
    known = {row.id for row in autopsy_input.executors}  # the driver lists an executor once it has registered
    dead = [
        DeadLog(row.id, row.host, row.reason, text, registered=row.id in known)
        for row, text in zip(rows, texts, strict=True)
        if text
    ]
    if not dead:
        raise NotSeenError(f"no log page of {len(rows)} answered")
    return PartialDiagnostics(dead=dead)


def with_cause(autopsy: Autopsy, dead: Sequence[DeadLog]) -> Autopsy:
    """Add what the dead executors have written; a known cause becomes the exception's ``got``."""
    cause = best(dead)
    line = cause.text if cause is not None else unread(dead)
    if not line:
        return autopsy
    return replace(
        autopsy,
        cause=cause,
        summary=autopsy.summary if cause is not None else (line, *autopsy.summary)[:_SUMMARY_LINES],
        text=f"{line}\n{autopsy.text}",
    )


def _chosen(autopsy_input: AutopsyInput) -> list[Executor]:
    """The last ones that died, from different hosts first; if none has a log page, those never registered."""
    dead = [row for row in autopsy_input.executors if not row.active and was_lost(row.reason)]
    if not any(row.stderr_url for row in dead) and autopsy_input.others is not None:
        known = {row.id for row in autopsy_input.executors}
        dead = [row for row in autopsy_input.others() if row.id not in known]
    dead = [row for row in dead if row.stderr_url]
    dead.sort(key=lambda row: (row.removed or 0.0, int(row.id) if row.id.isdecimal() else 0), reverse=True)
    seen: set[str] = set()
    first: list[Executor] = []
    later: list[Executor] = []
    for row in dead:
        (later if row.host in seen else first).append(row)
        seen.add(row.host)
    return [*first, *later][:_MOST]


def _read(autopsy_input: AutopsyInput, row: Executor) -> str:
    try:
        return autopsy_input.tail(row.stderr_url, _LENGTH) if autopsy_input.tail is not None else ""
    except Exception:  # noqa: BLE001 - the log page is gone with its worker
        return ""
