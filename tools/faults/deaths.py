"""What each operator leaves behind when something above a hanging job dies: a table for ``docs/deaths.md``.

    python -m tools.faults.deaths [guarded] [upstream] [udf] [driver]

Each case starts a real Airflow of its own, since a killed supervisor is not replaced.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError

from airflow_spark_guard.process import proctree
from tools.faults.hanging_job import DAGS, ENVIRONMENT, Job, die, start
from tools.support.airflow_server import AirflowServer
from tools.support.processes import end_all, marked, seconds_until

CASES = ("deadline", "user kill", "task process SIGKILL", "reaper SIGKILL", "supervisor SIGKILL")
WATCHED = 20.0


def main() -> None:
    """Print one row per operator, place of the hang and case."""
    print("| operator | hangs in | death | processes before | left after 20 s | seconds to none |")
    print("|---|---|---|---|---|---|")
    chosen = set(sys.argv[1:])
    for dag_id in _of(chosen, "guarded", "upstream"):
        for where in _of(chosen, "udf", "driver"):
            cases = [case for case in CASES if dag_id == "guarded" or not case.startswith("reaper")]
            with (
                tempfile.TemporaryDirectory(prefix="deaths-", ignore_cleanup_errors=True) as folder,
                AirflowServer(Path(folder), DAGS, ENVIRONMENT) as server,
            ):
                for case in cases:
                    print(_row(server, dag_id, where, case, Path(folder)), flush=True)


def _of(chosen: set[str], *known: str) -> list[str]:
    return [name for name in known if name in chosen] or list(known)


def _row(server: AirflowServer, dag_id: str, where: str, case: str, folder: Path) -> str:
    job = start(server, dag_id, where, folder, deadline="60s")
    if case == "deadline":
        seconds_until(lambda: job.state() != "running", 150, "the deadline")
    died = time.monotonic()
    die(job, case)
    took = _watch(job, case, died)
    left = job.left()
    end_all(job.mark)
    if case != "supervisor SIGKILL":
        with suppress(HTTPError):  # it has just failed by itself
            server.mark_failed(job.dag_id, job.run_id, "job")
    names = ", ".join(sorted(text.split()[1] for text in left))
    return (
        f"| {dag_id} | {where} | {case} | {len(job.before)} | {f'{len(left)}: {names}' if left else 0} "
        f"| {'never' if took is None else f'{took:.1f}'} |"
    )


def _watch(job: Job, case: str, died: float) -> float | None:
    """Seconds until no process of the job was left; None when some were after the time watched."""
    while time.monotonic() - died < WATCHED:
        if not marked(job.mark):
            return time.monotonic() - died
        if case == "user kill" and time.monotonic() - died >= 5.0:  # noqa: PLR2004 - Airflow's own interval
            proctree.send(job.task_process, signal.SIGKILL)
        time.sleep(0.1)
    return None


if __name__ == "__main__":
    main()
