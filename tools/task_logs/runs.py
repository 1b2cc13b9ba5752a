"""Jobs for ``tools.task_logs``, each run for real: by ``airflow dags test``, or as two tries at once."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark

from tools import ROOT
from tools.faults.harness import FOLDER, airflow_env, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS = Path(__file__).parent / "jobs"
LONGEST = 900.0
DAG = """\
from airflow.sdk import DAG
from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator

with DAG("shop", schedule=None, catchup=False):
    SafeSparkSubmitOperator(
        task_id={task!r}, application={job!r}, application_args={arguments!r}, conf={conf!r},
        limits=GuardLimits(**{limits!r}),
    )
"""


@dataclass(frozen=True)
class Job:
    """One job under Airflow.

    Attributes:
        name: of its script in ``tools/task_logs/jobs``, and of its task.
        master: where it runs.
        conf: of Spark.
        limits: of the guard.
    """

    name: str
    master: str
    conf: dict[str, str] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)


class Stand:
    """A folder with an Airflow and a Spark of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.airflow, self.spark, self.jobs = folder / "airflow", folder / "spark", folder / "jobs"
        self.files = folder / "files"
        shutil.copytree(JOBS, self.jobs, ignore=shutil.ignore_patterns("__pycache__"))
        # A local-cluster keeps its applications' folders in its home: links, and no such folder of others.
        self.spark.mkdir()
        for entry in Path(pyspark.__file__).parent.iterdir():
            if entry.name != "work":
                (self.spark / entry.name).symlink_to(entry)
        (self.airflow / "dags").mkdir(parents=True)
        migrate()
        shutil.copy(FOLDER / "airflow" / "airflow.db", self.airflow)

    @property
    def paths(self) -> dict[str, str]:
        """What the page shows in place of this machine's folders; the longest first."""
        packages = Path(pyspark.__file__).parent.parent
        known = {
            self.airflow: "/opt/airflow",
            self.spark: "/opt/spark",
            self.jobs: "/jobs",
            self.files: "/data",
            ROOT / "airflow_spark_guard": "/opt/venv/lib/python3.11/site-packages/airflow_spark_guard",
            packages: "/opt/venv/lib/python3.11/site-packages",
            Path(sys.prefix): "/opt/venv",
        }
        return {str(path): known[path] for path in sorted(known, key=lambda path: -len(str(path)))}

    def dag(self, job: Job) -> str:
        """What Airflow prints of one run."""
        text = DAG.format(
            task=job.name,
            job=str(self.jobs / f"{job.name}.py"),
            arguments=[str(self._empty_files())],
            conf=job.conf,
            limits=job.limits,
        )
        (self.airflow / "dags" / "shop.py").write_text(text)
        command = [sys.executable, "-m", "airflow", "dags", "test", "shop"]
        with self._running("dags", job.master, command) as run:
            run.wait(timeout=LONGEST)
        return self._printed("dags")

    def two_tries(self, job: Job) -> tuple[str, str]:
        """What the second and the third try print; the third starts while the second is at work."""
        under_way = self._empty_files() / "under-way"
        words = [str(self.jobs / "one_try.py")], [str(self.jobs / f"{job.name}.py"), str(under_way)]
        second, third = ([sys.executable, *words[0], number, *words[1]] for number in ("2", "3"))
        with self._running("try-2", job.master, second) as earlier:
            end = time.monotonic() + LONGEST
            while not under_way.exists() and earlier.poll() is None and time.monotonic() < end:
                time.sleep(0.2)
            time.sleep(5)  # let it go on
            with self._running("try-3", job.master, third) as newer:
                newer.wait(timeout=LONGEST)
                earlier.wait(timeout=LONGEST)
        return self._printed("try-2"), self._printed("try-3")

    def _empty_files(self) -> Path:
        shutil.rmtree(self.files, ignore_errors=True)
        self.files.mkdir()
        return self.files

    def _printed(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    @contextlib.contextmanager
    def _running(self, name: str, master: str, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / f"{name}.log").open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self._env(master), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _env(self, master: str) -> dict[str, str]:
        connection = {"conn_type": "spark", "host": master, "extra": {"deploy-mode": "client"}}
        return {
            **airflow_env(self.airflow),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.airflow / "dags"),
            "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(connection),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_HOME": str(self.spark),
        }
