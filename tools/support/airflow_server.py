"""A real Airflow on loopback: API server, scheduler with LocalExecutor, DAG processor, triggerer, SQLite."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Self

from tools.support.airflow_api import AirflowApi

BIN = Path(sys.executable).parent


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite database, with what its write-ahead log holds: a copy of the file alone lacks that."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


class AirflowServer(AirflowApi):
    """Started with ``with AirflowServer(home, dags) as server``; ended by the pids that Popen gave.

    Args:
        home: Airflow's, made here.
        dags: the folder of the DAG files; each is read when it is new, and once a minute.
        extra_env: more for the environment of all its processes.
        triggerer: start one too.
        database: a migrated SQLite file to begin with a copy of; one is made where there is none.
    """

    def __init__(
        self,
        home: Path,
        dags: Path,
        extra_env: dict[str, str] | None = None,
        *,
        triggerer: bool = False,
        database: Path | None = None,
    ) -> None:
        self.home, self.port, self.database = home, free_port(), database
        super().__init__(f"http://127.0.0.1:{self.port}")
        self.with_triggerer = triggerer
        self.triggerer: subprocess.Popen[bytes] | None = None
        self.env = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "SPARK_LOCAL_IP": "127.0.0.1",
            **(extra_env or {}),
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        if self.database is None:
            self._run("db", "migrate")
        else:
            copy_database(self.database, self.home / "airflow.db")
        for command in (["api-server"], ["scheduler", "--skip-serve-logs"], ["dag-processor"]):
            self._start(*command)
        try:
            if self.with_triggerer:
                self.start_triggerer()
            self.wait(self._is_healthy, 180, "a healthy Airflow")
            self.token = self.call("GET", "/auth/token", authorized=False)["access_token"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self.processes:
                if process.poll() is None:
                    os.killpg(process.pid, number)
            end = time.monotonic() + 20
            while time.monotonic() < end and any(process.poll() is None for process in self.processes):
                time.sleep(0.2)
        # LocalExecutor's workers lead no group of their own; they go with their scheduler's.
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{command[0]}.log").open("ab") as log:
            started = subprocess.Popen(
                [str(BIN / "airflow"), *command],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(started)
        return started

    def start_triggerer(self) -> None:
        """A triggerer; also after :meth:`kill_triggerer`."""
        self.triggerer = self._start("triggerer", "--skip-serve-logs")

    def kill_triggerer(self) -> None:
        """What an out-of-memory killer does to a triggerer: its whole session gets SIGKILL."""
        assert self.triggerer is not None
        os.killpg(self.triggerer.pid, signal.SIGKILL)
        self.triggerer.wait()

    def _run(self, *arguments: str) -> None:
        subprocess.run([str(BIN / "airflow"), *arguments], env=self.env, check=True, capture_output=True)

    def _is_healthy(self) -> bool:
        try:
            health = self.call("GET", "/api/v2/monitor/health", authorized=False)
        except (OSError, ValueError):
            return False
        return all(
            health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")
        )

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> str:
        """The task's log of one try, from the file."""
        files = self.home.glob(
            f"logs/dag_id={dag_id}/run_id={run_id}/task_id={task_id}/attempt={attempt}.log"
        )
        return "\n".join(file.read_text(errors="replace") for file in files)
