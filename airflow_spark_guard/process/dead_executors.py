"""The stderr of executors that died lately: read before the job is ended, while their log pages are there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.failure.executor_log import DeadLog, best, unread
from airflow_spark_guard.core.watch.executor_loss import was_lost
from airflow_spark_guard.process.last_looks import Found, NotSeenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.observation import Executor
    from airflow_spark_guard.process.last_looks import Scene

_MOST = 4
_LENGTH = 64 * 1024
_SUMMARY_LINES = 15


def logs(scene: Scene) -> Found:
    """The end of the newest dead executors' stderr, one host after the other.

    Raises:
        NotSeenError: none of them could be read.
    """
    rows = [] if scene.suspect else _chosen(scene)  # where a stack tells more, no executor's death does
    if not rows:
        return Found()
    with ThreadPoolExecutor(_MOST) as pool:
        texts = list(pool.map(lambda row: _read(scene, row), rows))
    known = {row.id for row in scene.executors}  # the driver lists an executor once it has registered
    dead = [
        DeadLog(row.id, row.host, row.reason, text, registered=row.id in known)
        for row, text in zip(rows, texts, strict=True)
        if text
    ]
    if not dead:
        raise NotSeenError(f"no log page of {len(rows)} answered")
    return Found(dead=dead)


def with_cause(told: Autopsy, dead: Sequence[DeadLog]) -> Autopsy:
    """What was seen, with what the dead executors have written; a cause becomes the exception's ``got``."""
    cause = best(dead)
    line = cause.text if cause is not None else unread(dead)
    if not line:
        return told
    return replace(
        told,
        cause=cause,
        summary=told.summary if cause is not None else (line, *told.summary)[:_SUMMARY_LINES],
        text=f"{line}\n{told.text}",
    )


def _chosen(scene: Scene) -> list[Executor]:
    """The newest that died, of different hosts first; those that never reached the driver where none did."""
    dead = [row for row in scene.executors if not row.active and was_lost(row.reason)]
    if not any(row.stderr_url for row in dead) and scene.others is not None:
        known = {row.id for row in scene.executors}
        dead = [row for row in scene.others() if row.id not in known]
    dead = [row for row in dead if row.stderr_url]
    dead.sort(key=lambda row: (row.removed or 0.0, int(row.id) if row.id.isdecimal() else 0), reverse=True)
    seen: set[str] = set()
    first: list[Executor] = []
    later: list[Executor] = []
    for row in dead:
        (later if row.host in seen else first).append(row)
        seen.add(row.host)
    return [*first, *later][:_MOST]


def _read(scene: Scene, row: Executor) -> str:
    try:
        return scene.tail(row.stderr_url, _LENGTH) if scene.tail is not None else ""
    except Exception:  # noqa: BLE001 - the log page is gone with its worker
        return ""
