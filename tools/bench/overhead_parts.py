"""What the guard costs each attempt whatever the job does, taken apart: the fixed part of the overhead.

Two pairs of commands, each pair in turn, many times: the operator with a spark-submit that ends at once, and
the driver's Python with a script that imports PySpark and ends. Then the steps of the task's side, one by
one, in a fresh process. CPU is that of the whole process tree, which a crowded machine changes less than wall
time.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import ROOT
from tools.bench.overhead import spread

if TYPE_CHECKING:
    from collections.abc import Callable

THIS = (sys.executable, "-m", "tools.bench.overhead_parts")
CONNECTION = '{"conn_type": "spark", "host": "local[2]", "extra": {"deploy-mode": "client"}}'
# Says what a job under our launcher says, where somebody listens, and ends.
STAND_IN = """\
#!/bin/sh
[ -z "$SPARK_GUARD_CHANNEL" ] && exit 0
echo '{"v": 1, "kind": "hello", "t": 1.0, "pid": 1, "python": "3"}' >> "$SPARK_GUARD_CHANNEL"
echo '{"v": 1, "kind": "bye", "t": 1.0}' >> "$SPARK_GUARD_CHANNEL"
"""
OPERATORS = {
    "upstream": "airflow.providers.apache.spark.operators.spark_submit:SparkSubmitOperator",
    "guarded": "airflow_spark_guard:SafeSparkSubmitOperator",
}


def measure(pairs: int) -> dict[str, Any]:
    """Both pairs, and the steps."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return {
            "task_side": _compared(pairs, lambda kind: _task_side(place, kind)),
            "driver_side": _compared(pairs, lambda kind: _driver_side(place, kind)),
            "steps_cpu": _steps(place, pairs),
        }


def _compared(pairs: int, run: Callable[[str], dict[str, float]]) -> dict[str, Any]:
    """Guarded less upstream, pair by pair, in seconds."""
    for kind in OPERATORS:  # warms the page cache, and lets Python keep its bytecode
        run(kind)
    found = [{kind: run(kind) for kind in sorted(OPERATORS, reverse=n % 2 == 1)} for n in range(pairs)]
    return {
        f"extra_{name}": spread([pair["guarded"][name] - pair["upstream"][name] for pair in found])
        for name in ("wall", "cpu")
    }


def _task_side(place: Path, kind: str) -> dict[str, float]:
    binary = place / "spark-submit"
    if not binary.exists():
        binary.write_text(STAND_IN)
        binary.chmod(0o755)
        (place / "job.py").write_text("")
    env = {**os.environ, "AIRFLOW_CONN_SPARK_DEFAULT": CONNECTION}
    done = subprocess.run(
        [*THIS, "task", kind, str(place)],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _driver_side(place: Path, kind: str) -> dict[str, float]:
    script = place / "driver.py"
    script.write_text("import pyspark.sql\n")
    env, command = dict(os.environ), [sys.executable, str(script)]
    if kind == "guarded":
        from airflow_spark_guard.process.workspace import Workspace  # noqa: PLC0415 - only here

        workspace = Workspace("bench-parts")
        workspace.write_launcher(sys.executable)
        env |= workspace.environment(1 << 16)
        command = [str(workspace.driver_python), str(script)]
    begin, used = time.monotonic(), _children()
    subprocess.run(command, env=env, check=True, capture_output=True)
    return {"wall": time.monotonic() - begin, "cpu": _children() - used}


def _steps(place: Path, rounds: int) -> dict[str, Any]:
    found: list[dict[str, float]] = []
    env = {**os.environ, "AIRFLOW_CONN_SPARK_DEFAULT": CONNECTION}
    for _ in range(rounds):
        done = subprocess.run(
            [*THIS, "steps", "guarded", str(place)],
            cwd=ROOT,
            env=env,
            check=True,
            capture_output=True,
            text=True,
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: spread([one[name] for one in found]) for name in found[0]}


def _children() -> float:
    return _cpu(resource.RUSAGE_CHILDREN)


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def as_task(kind: str, place: Path) -> dict[str, float]:
    """Execute the operator as a task does; its class is imported before, as the DAG's file has done."""
    module, _, name = OPERATORS[kind].partition(":")
    operator = getattr(__import__(module, fromlist=[name]), name)
    job = operator(task_id="job", application=str(place / "job.py"), spark_binary=str(place / "spark-submit"))
    begin, used = time.monotonic(), _cpu(resource.RUSAGE_SELF) + _children()
    job.execute({})
    return {
        "wall": time.monotonic() - begin,
        "cpu": _cpu(resource.RUSAGE_SELF) + _children() - used,
    }


def as_steps(place: Path) -> dict[str, float]:
    """The CPU seconds of each step of the task's side, children's with it."""
    from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook  # noqa: PLC0415

    found: dict[str, float] = {}

    def step(name: str, do: Callable[[], Any]) -> Any:
        used = _cpu(resource.RUSAGE_SELF) + _children()
        result = do()
        found[name] = _cpu(resource.RUSAGE_SELF) + _children() - used
        return result

    def run_modules() -> None:
        __import__("airflow_spark_guard.attempt.client_run")

    from airflow_spark_guard.core.conf.conf_lint import check_conf  # noqa: PLC0415
    from airflow_spark_guard.process.leftovers import find  # noqa: PLC0415
    from airflow_spark_guard.process.workspace import Workspace  # noqa: PLC0415

    hook = step("hook: connection", lambda: SafeSparkSubmitHook(spark_binary=str(place / "spark-submit")))
    step("look for leftovers", lambda: find(hook.tag, of_this_attempt=False))
    workspace = step("workspace made", lambda: Workspace(hook.tag.task))
    submission = step("plan: Spark, Java, conf", lambda: hook.plan(workspace))
    step("lint of conf", lambda: check_conf(submission.conf.values, spark_version=(4, 2), master=hook.master))
    step("modules of a run", run_modules)
    step("launcher and zip written", lambda: workspace.write_launcher(None))
    step("reaper and an empty command", lambda: _reaped(hook.tag, workspace))
    step("workspace removed", workspace.remove)
    return found


def _reaped(tag: Any, workspace: Any) -> None:
    from airflow_spark_guard.process.attempt import Attempt, Launch  # noqa: PLC0415

    launch = Launch(
        command=("/bin/true",),
        env=dict(os.environ),
        workdir=workspace.folder,
        cancel=workspace.cancel,
        secrets=(workspace.properties,),
        tag=tag,
        backstop=60.0,
        has_launcher=False,
        autopsy_budget=0.0,
        grace=3.0,
    )
    with Attempt(launch) as attempt:
        while not attempt.over:
            attempt.poll(0.25)
        attempt.end()


if __name__ == "__main__":
    what, chosen, folder = sys.argv[1:]
    print(json.dumps(as_task(chosen, Path(folder)) if what == "task" else as_steps(Path(folder))))
