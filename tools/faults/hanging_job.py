"""One death: start the hanging job, end what the case says, and list its processes before and after."""

from __future__ import annotations

import os
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.process import proctree
from tools.support.processes import marked, seconds_until

if TYPE_CHECKING:
    from tools.support.airflow_server import AirflowServer

JOBS = Path(__file__).parent / "jobs"
DAGS = Path(__file__).parent / "death_dags"
ENVIRONMENT = {  # of the Airflow that runs it
    "DEATHS_JOBS": str(JOBS),
    "AIRFLOW_CONN_SPARK_DEFAULT": (
        '{"conn_type": "spark", "host": "local-cluster[2,1,1024]", "extra": {"deploy-mode": "client"}}'
    ),
}
START_TIMEOUT = 150.0


@dataclass
class Job:
    """A running, hanging job."""

    server: AirflowServer
    dag_id: str
    run_id: str
    mark: str
    before: list[str]
    task_process: proctree.Proc
    reaper: proctree.Proc | None

    @property
    def supervisor(self) -> proctree.Proc:
        """Airflow's process above the task."""
        proc = proctree.read(self.task_process.parent)
        assert proc is not None
        return proc

    def left(self) -> list[str]:
        """What carries the job's mark and lives."""
        return sorted(str(proc) for proc in marked(self.mark))

    def seconds_until_gone(self, timeout: float = 20.0) -> float:
        """Seconds until nothing that carries the job's mark is alive."""
        return seconds_until(lambda: not marked(self.mark), timeout, lambda: f"the end of {self.left()}")

    def first_attempt_left(self) -> list[str]:
        """Of the processes listed before the death, those that are still alive; a retry has others."""
        return sorted(str(proc) for proc in marked(self.mark) if str(proc) in self.before)

    def log(self, attempt: int = 1) -> str:
        """Of one try of the task."""
        return self.server.log(self.dag_id, self.run_id, "job", attempt)

    def state(self) -> str:
        """Of the task, as the API shows it."""
        return str(self.server.task(self.dag_id, self.run_id, "job")["state"])


def start(server: AirflowServer, dag_id: str, where: str, folder: Path, **conf: str) -> Job:
    """Trigger the DAG and wait until the job hangs with its sleepers around it."""
    mark, ready = uuid.uuid4().hex, folder / f"ready-{uuid.uuid4().hex}"
    run_id = server.trigger(dag_id, {"mark": mark, "ready": str(ready), "where": where, **conf})
    seconds_until(ready.exists, START_TIMEOUT, f"the hanging job of {dag_id}")
    time.sleep(1.0)  # the second UDF's sleeper
    found = marked(mark)
    pids = {proc.pid for proc in found}
    top = next(proc for proc in found if proc.parent not in pids and _is_below_airflow(proc, server))
    task_process = proctree.read(top.parent)
    assert task_process is not None
    return Job(
        server,
        dag_id,
        run_id,
        mark,
        sorted(map(str, found)),
        task_process,
        top if dag_id.startswith("guarded") else None,
    )


def _is_below_airflow(proc: proctree.Proc, server: AirflowServer) -> bool:
    roots = {process.pid for process in server.processes}
    return bool(roots & proctree.ancestors(proc.pid, proctree.table()))


def die(job: Job, case: str) -> None:
    """Do what the case says."""
    if case == "user kill":
        # What Airflow 3.3 does once it knows of the user's action: the group, and the rest 5 s later.
        os.killpg(job.task_process.pid, signal.SIGTERM)
    elif case == "marked failed over REST":
        job.server.mark_failed(job.dag_id, job.run_id, "job")
    elif case == "task process SIGKILL":
        os.kill(job.task_process.pid, signal.SIGKILL)
    elif case == "supervisor SIGKILL":
        os.kill(job.supervisor.pid, signal.SIGKILL)
    elif case == "reaper SIGKILL":
        assert job.reaper is not None
        os.kill(job.reaper.pid, signal.SIGKILL)
    elif case == "reaper and task process SIGKILL":
        assert job.reaper is not None
        os.kill(job.task_process.pid, signal.SIGKILL)
        os.kill(job.reaper.pid, signal.SIGKILL)
