"""Records of attempts in a store, for tests of the live page."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.live.state import LiveState, Moment
from airflow_spark_guard.core.watch.observation import DriverView, Executor, Inside, Observation, Stage
from airflow_spark_guard.core.watch.standing import Standing
from airflow_spark_guard.process.record_folder import record_folder

if TYPE_CHECKING:
    from pathlib import Path

STAGE = Stage(3, 0, tasks=100, active=4, done=40, failed=0, launched=True, name="count at job.py:12")
INSIDE = Inside(application_id="app-1", jobs=1, stages=(STAGE,), heard_at=134.0)
STANDING = Standing(
    124.0, 124.0, 600.0, "stall_timeout", "4 workers blocked at enrich.py:38, enrich", STAGE.key
)


def live_fields(**changed: Any) -> dict[str, Any]:
    """``live.json`` of a job whose stage stands still."""
    state = LiveState(3600.0)
    executors = (Executor("1", active=True), Executor("2", active=False, reason="exit code 137", host="w2"))
    state.observe(Observation(at=132.0, driver=DriverView(jobs=1, stages=(STAGE,), executors=executors)))
    state.warn("Stage 3 (count at job.py:12) unchanged for 2m of 10m (stall_timeout)")
    moment = Moment(
        134.0, time.time(), "running", "app-1", INSIDE, standing=(STANDING,), requests=("stacks", "end")
    )
    return {**state.fields(moment), **changed}


def put_record(
    root: Path,
    *,
    dag: str = "etl",
    run: str = "manual__1",
    task: str = "train",
    number: int = 1,
    map_index: int = -1,
    state: str = "running",
    live: dict[str, Any] | None = None,
    age: float = 0.0,
    **summary: Any,
) -> Path:
    """A record; a running one has a ``live.json`` unless ``live`` is empty."""
    folder = record_folder(root, dag, run, task, map_index, number)
    folder.mkdir(parents=True)
    started = time.time() - age - 134.0
    fields = {"v": 1, "mode": "client", "state": state, "started_at": started, "ended_at_s": None} | summary
    if state in {"success", "failed"}:
        fields.setdefault("verdict", "")
        fields["ended_at_s"] = summary.get("ended_at_s", 134.0)
    (folder / "summary.json").write_text(json.dumps(fields))
    if live is None:
        live = live_fields()
    if state == "running" and live:
        (folder / "live.json").write_text(json.dumps(live))
        os.utime(folder / "live.json", (time.time() - age,) * 2)
    os.utime(folder, (time.time() - age,) * 2)
    return folder
