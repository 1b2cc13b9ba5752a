"""Run the flight delay DAG once, for real: SQLite, a local Spark cluster of two executors, no services.

``make demo`` calls it with the project's Python. Everything it writes is in ``build/demo``: the whole output
in ``dag.log``, the figures in ``result.json``, the models in ``flight_delay/models``. Exit code 0 means that
the DAG run succeeded.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tools import ROOT
from tools.demo.database import RunDatabase

DEMO = ROOT / "build" / "demo"
AIRFLOW_HOME = DEMO / "airflow"
FLIGHT_DELAY = DEMO / "flight_delay"
LOG = DEMO / "dag.log"
DAG = "flight_delay_training"
TASKS = ("prepare", "train", "quality_gate", "publish")
SHOWN_STATES = ("running", "success", "failed", "up_for_retry", "upstream_failed", "skipped")
SIGN_OF_LIFE = 10.0
FAILURE_LINES = 30
CONNECTION = {"conn_type": "spark", "host": "local-cluster[2,1,1024]", "extra": {"deploy-mode": "client"}}
# What the job reports and the guard sees; the rest of the output stays in dag.log.
SHOWN = re.compile(
    r"\] ((?:fold|step)=\S.*?|Guarded: deadline .*?|stage \d+: .*? running)(?:\. Command|\s+\[|$)"
)
# Spark's own chatter says nothing about why a run failed.
NOISE = re.compile(r"\b(INFO|DEBUG)\b|\[(info|debug) *\]|^\s*at [\w.$]+\(|py\.warnings|graphviz")
# Frames of installed packages: the lines of a traceback that are nobody's to mend here.
FRAMES = re.compile(r'^  File ".*site-packages.*\n(?:    .*\n)*', re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def main() -> int:
    """Set up what is missing, run, show, and write the result."""
    started = time.monotonic()
    for folder in (AIRFLOW_HOME, FLIGHT_DELAY):
        folder.mkdir(parents=True, exist_ok=True)
    (DEMO / "result.json").unlink(missing_ok=True)
    shutil.rmtree(FLIGHT_DELAY / "runs", ignore_errors=True)  # intermediate data of earlier runs; models stay
    env = environment()
    say(f"Flight delay training on {CONNECTION['host']}; the whole output is in {shown(LOG)}")
    with LOG.open("w", encoding="utf-8") as log:
        code = set_up(env, log)
        database = RunDatabase(AIRFLOW_HOME / "airflow.db", DAG)
        code = code or run_dag(env, log, database)
    result = outcome(database)
    if code and result["dag_state"] in ("running", "queued"):
        result["dag_state"] = "interrupted"  # the database was left as it was
    (DEMO / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    if code or result["dag_state"] != "success":
        say(f"The run failed (state {result['dag_state']}, exit code {code}). Its last lines:")
        say("\n".join(last_lines()))
        return 1
    table(result, time.monotonic() - started)
    return 0


def environment() -> dict[str, str]:
    """Of the child processes: this Python's folder first, one Airflow home, nothing sent home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    return {
        **kept,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")])),
        "PYTHONUNBUFFERED": "1",
        "AIRFLOW_HOME": str(AIRFLOW_HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{AIRFLOW_HOME / 'airflow.db'}",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(CONNECTION),
        "AIRFLOW_VAR_FLIGHT_DELAY_FOLDER": str(FLIGHT_DELAY),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def set_up(env: dict[str, str], log: Any) -> int:
    """Create the metadata database unless this version of Airflow has done so before; the exit code."""
    mark = AIRFLOW_HOME / f"migrated-{importlib.metadata.version('apache-airflow')}"
    if mark.exists():
        return 0
    say("setting up      Airflow's database, once")
    code = attend(
        subprocess.Popen(airflow("db", "migrate"), env=env, **pipes()),
        log,
        lambda: "setting up      still at it",
    )
    if code == 0:
        mark.touch()
    return code


def run_dag(env: dict[str, str], log: Any, database: RunDatabase) -> int:
    """``airflow dags test``, with a line for every task that starts or ends."""
    states: dict[str, str] = {}
    started = time.monotonic()

    def look() -> str:
        for task, (state, seconds) in database.tasks().items():
            if state in SHOWN_STATES and states.get(task) != state:
                states[task] = state
                took = "" if state == "running" else f" in {seconds:.1f} s"
                say(f"{task:<15} {'started' if state == 'running' else state + took}")
        active = [task for task, state in states.items() if state == "running"]
        return f"{active[0] if active else 'airflow':<15} running, {time.monotonic() - started:.0f} s so far"

    say("airflow         starting")
    return attend(subprocess.Popen(airflow("dags", "test", DAG), env=env, **pipes()), log, look)


def airflow(*arguments: str) -> list[str]:
    """Airflow's command line, by this Python: no script of another environment can get in between."""
    return [sys.executable, "-m", "airflow", *arguments]


def pipes() -> dict[str, Any]:
    """A process group of its own: Ctrl-C reaches it through us, once, and we wait for what it cleans up."""
    return {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "start_new_session": True,
        "cwd": DEMO,
    }


def attend(process: subprocess.Popen[bytes], log: Any, look: Any) -> int:
    """Copy the output to the log and show what matters until the process ends; its exit code."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=read, args=(process, lines), daemon=True).start()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        follow(lines, log, look)
        return process.wait()
    except KeyboardInterrupt:
        say("stopping        the job is being ended")
        code = stop(process)
        with suppress(queue.Empty):
            for line in iter(lambda: lines.get(timeout=2.0), None):
                log.write(line)
        log.flush()
        return code


def follow(lines: queue.SimpleQueue[str | None], log: Any, look: Any) -> None:
    """Until the output ends; something is said at least every few seconds."""
    spoken = time.monotonic()
    last = None
    while True:
        with suppress(queue.Empty):
            line = lines.get(timeout=1.0)
            if line is None:
                look()
                return
            log.write(line)
            log.flush()
            found = SHOWN.search(COLOUR.sub("", line))
            if found and found[1] != last:
                last = found[1]
                say(f"                {last[:100]}")
                spoken = time.monotonic()
            if lines.qsize():
                continue
        status = look()
        if time.monotonic() - spoken > SIGN_OF_LIFE:
            say(status)
            spoken = time.monotonic()


def read(process: subprocess.Popen[bytes], lines: queue.SimpleQueue[str | None]) -> None:
    """Lines of the output, then None; a job may print any bytes."""
    if process.stdout is not None:
        for line in process.stdout:
            lines.put(line.decode("utf-8", "replace"))
    lines.put(None)


def stop(process: subprocess.Popen[bytes]) -> int:
    """Ask, ask again, insist: Airflow needs a moment to end the job."""
    for number, patience in ((signal.SIGINT, 15), (signal.SIGTERM, 10), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
            break
    return process.returncode or 130


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def outcome(database: RunDatabase) -> dict[str, Any]:
    """What result.json holds; figures are there as far as the run came."""
    trained = database.returned("train") or {}
    model = database.returned("publish")
    figures = ("baseline_mae", "mae", "r2", "auc")
    names = ("rows_total", "rows_sampled", *figures, *(f"holdout_{name}" for name in figures))
    return {
        "dag_state": database.state() or "not started",
        **{name: trained.get(name) for name in names},
        "seconds": {task: round(seconds, 1) for task, (_, seconds) in database.tasks().items()},
        "model": shown(Path(model)) if model else None,
    }


def table(result: dict[str, Any], total: float) -> None:
    """The end of a good run."""
    steps = ", ".join(f"{task} {result['seconds'].get(task, 0):.1f}" for task in TASKS)
    held_out = f"R2 {result['holdout_r2']:.3f}, AUC {result['holdout_auc']:.3f}, a fifth of the days"
    rows = (
        ("rows", f"{result['rows_total']:,} flights with a known delay"),
        ("sample", f"{result['rows_sampled']:,} rows, uniform, in the driver"),
        ("MAE", error(result["mae"], result["baseline_mae"])),
        ("R2", f"{result['r2']:.3f} (days that the models never saw)"),
        ("AUC", f"{result['auc']:.3f} (leaves 15 minutes late or more)"),
        ("held out", f"{error(result['holdout_mae'], result['holdout_baseline_mae'])}, {held_out}"),
        ("seconds", f"{steps}; in all {total:.0f}"),
        ("model", result["model"]),
    )
    say("\n".join(["", *(f"  {name:<9}{text}" for name, text in rows)]))


def error(mae: float, constant: float) -> str:
    """Of the median model, beside that of the best constant."""
    return f"{mae:.2f} min (best constant: {constant:.2f} min; {100 * (1 - mae / constant):.1f} % less)"


def last_lines() -> list[str]:
    """The end of the log without Spark's chatter and other packages' frames."""
    text = COLOUR.sub("", LOG.read_text(encoding="utf-8", errors="replace"))
    lines = FRAMES.sub("", text).splitlines()
    return [line for line in lines if line.strip() and not NOISE.search(line)][-FAILURE_LINES:]


def shown(path: Path) -> str:
    """Relative to the project, so that the result means the same on every machine."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def say(text: str) -> None:
    """One line to the terminal, at once, also through a pipe."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
