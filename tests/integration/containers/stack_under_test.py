"""A stack of the project's own files, driven as a user drives it: ``python -m tools.stack``, docker, and REST."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tools.support.airflow_api import AirflowApi
from tools.support.airflow_server import free_port

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "dags"
DAGS = Path(__file__).parent / "dags"
NAME = "spark-guard-test"
PORTS = ("AIRFLOW_PORT", "SPARK_MASTER_UI_PORT", "SPARK_HISTORY_PORT", "SPARK_CONNECT_PORT")
IMAGES = {name: f"spark-guard-test/{name}" for name in ("airflow", "spark", "postgres", "redis")}
SECRETS = (
    "postgres_password",
    "redis_password",
    "airflow_fernet_key",
    "airflow_jwt_secret",
    "airflow_api_secret_key",
    "airflow_admin_password",
    "spark_auth_secret",
)
# Shorter than the training takes: the task shows whether it outlives its token.
TOKEN_SECONDS = 35
LEEWAY_SECONDS = 10  # by which Airflow takes a token after its end
# How many executors the driver lists that live.
REGISTERED = """
from contextlib import closing
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.sources.remote import AsyncRemoteSource, RemoteSource
with closing(RemoteSource(AsyncRemoteSource(Target(**{target!r})))) as source:
    print(sum(row.active for row in source.look().executors))
"""


class Figures:
    """What was measured, for ``build/stack.json``."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def add(self, **found: Any) -> None:
        self._found.update(found)

    def write(self) -> None:
        file = ROOT / "build" / "stack.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(self._found, indent=2) + "\n")


class Stack:
    """One project of the compose files, with names, ports, images and secrets of its own."""

    def __init__(self, secrets: Path, dags: Path) -> None:
        self.ports = {name: free_port() for name in PORTS}
        self.secrets = secrets
        self.env = {
            **os.environ,
            "STACK_NAME": NAME,
            "STACK_SECRETS": str(secrets),
            "AIRFLOW_DAGS": str(dags),
            "AIRFLOW_TASK_TOKEN_SECONDS": str(TOKEN_SECONDS),
            **{f"STACK_{name.upper()}_IMAGE": image for name, image in IMAGES.items()},
            **{name: str(port) for name, port in self.ports.items()},
        }
        self.api = AirflowApi(f"http://127.0.0.1:{self.ports['AIRFLOW_PORT']}")
        self.printed = ""
        self.processes: list[str] = []

    def run(self, *words: str, check: bool = True) -> str:
        """``python -m tools.stack`` with these words; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "tools.stack", *words],
            cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.printed += done.stdout
        if check:
            assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def timed_up(self, *words: str) -> float:
        started = time.monotonic()
        self.run("up", *words)
        return round(time.monotonic() - started, 1)

    def remove(self) -> None:
        """Containers, networks, volumes and images."""
        self.run("down", check=False)
        volumes = self.docker(
            "volume", "ls", "-q", "--filter", f"label=com.docker.compose.project={NAME}"
        ).split()
        if volumes:
            self.docker("volume", "rm", "-f", *volumes)
        for image in IMAGES.values():
            subprocess.run(["docker", "rmi", "-f", image], env=self.env, capture_output=True)

    def sign_in(self) -> None:
        self.api.sign_in("admin", self.secret("airflow_admin_password"))

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text()

    def docker(self, *words: str) -> str:
        done = subprocess.run(["docker", *words], env=self.env, capture_output=True, text=True)
        assert done.returncode == 0, f"docker {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def container(self, service: str) -> str:
        """Its id; running or not."""
        found = self.docker(
            "ps", "-aq", "--filter", f"label=com.docker.compose.project={NAME}",
            "--filter", f"label=com.docker.compose.service={service}",
        ).split()  # fmt: skip
        assert len(found) == 1, (service, found)
        return found[0]

    def containers(self) -> list[str]:
        return self.docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={NAME}").split()

    def inspect(self, container: str) -> dict[str, Any]:
        return json.loads(self.docker("inspect", container))[0]

    def used_mib(self) -> dict[str, float]:
        """Memory by service, as the engine counts it: without files that nobody uses any more."""
        text = self.docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *self.containers())
        units = {"B": 1 / 1024**2, "KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
        found = re.findall(rf"^{NAME}[_-](.*)[_-]1 ([\d.]+)([KMG]?i?B) /", text, re.MULTILINE)
        return {name: float(number) * units[unit] for name, number, unit in found}

    def look(self) -> None:
        """Keep what ``ps`` shows of every container now."""
        for container in self.docker(
            "ps", "-q", "--filter", f"label=com.docker.compose.project={NAME}"
        ).split():
            self.processes.append(self.docker("top", container, "-eo", "pid,args"))

    def python(self, service: str, code: str) -> str:
        """What this Python prints inside a service's container."""
        return self.docker("exec", self.container(service), "python3", "-c", code).strip()

    def start_python(self, service: str, code: str) -> subprocess.Popen[str]:
        """The same without waiting for it."""
        words = ["docker", "exec", self.container(service), "python3", "-c", code]
        return subprocess.Popen(
            words, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )

    def health(self, service: str) -> str:
        return self.inspect(self.container(service))["State"]["Health"]["Status"]

    def get(self, url: str) -> Any:
        """JSON of one of Spark's pages."""
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)

    def master(self) -> dict[str, Any]:
        return self.get(f"http://127.0.0.1:{self.ports['SPARK_MASTER_UI_PORT']}/json/")

    def history(self, path: str) -> Any:
        return self.get(f"http://127.0.0.1:{self.ports['SPARK_HISTORY_PORT']}/api/v1/{path}")

    def state(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        return self.api.task(dag_id, run_id, task_id)["state"]

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str) -> Any:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.api.call("GET", path)["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        """The task's log as a reader of Airflow's page gets it."""
        path = (
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}?full_content=true"
        )
        return json.dumps(self.api.call("GET", path)["content"], ensure_ascii=False)

    def wait_for(self, dag_id: str, run_id: str, task_id: str, wanted: str, timeout: float) -> None:
        ended = {"success", "failed", "upstream_failed"}
        self.api.wait(
            lambda: self.state(dag_id, run_id, task_id) in {wanted, *ended}, timeout, f"{task_id} {wanted}"
        )
        found = self.state(dag_id, run_id, task_id)
        assert found == wanted, self.log(dag_id, run_id, task_id)[-6000:]

    def trigger_instead_of_the_schedule(self, dag_id: str) -> str:
        """A run of a DAG that was paused, and whose scheduled run, which would come first, is called off."""
        run = self.api.trigger(dag_id, {})
        path = f"/api/v2/dags/{dag_id}/dagRuns"

        def scheduled() -> list[str]:
            runs = self.api.call("GET", f"{path}?run_type=scheduled")["dag_runs"]
            return [found["dag_run_id"] for found in runs]

        self.api.wait(scheduled, 30, "the scheduled run")
        for other in scheduled():
            self.api.call("PATCH", f"{path}/{other}", {"state": "failed"})
        return run

    def pause(self, dag_id: str, *, paused: bool = True) -> None:
        self.api.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": paused})

    def running_job(self, run_id: str, other_than: str = "") -> str:
        """The id of the steady job's application, as soon as both workers' executors are its driver's.

        The master counts an executor's cores before its JVM has started.
        """

        def told() -> dict[str, Any]:
            try:
                found = self.xcom("disturbed", run_id, "job", "spark_guard_application")
            except urllib.error.HTTPError:
                return {}
            return found if found["application_id"] != other_than else {}

        self.api.wait(told, 240, f"the application of {run_id}")
        application = told()
        code = REGISTERED.format(target={key: application[key] for key in ("application_id", "master")})
        self.api.wait(lambda: self.python("scheduler", code) == "2", 240, f"two executors of {run_id}")
        return application["application_id"]
