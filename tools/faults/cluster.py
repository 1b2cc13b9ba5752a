"""A standalone master and two workers on loopback, ended by the pids that Popen gave.

With ``namespace=True`` the second worker lives behind a veth pair in a network namespace of its own, and the
driver gets an address that can be cut off from it, while master and worker still see each other (root only).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyspark

from airflow_spark_guard.process import toolchain
from tools.support.airflow_server import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# A range that is set aside for tests of networks (RFC 2544).
MASTER_ADDRESS, REMOTE_ADDRESS, DRIVER_ADDRESS = "198.18.77.1", "198.18.77.2", "198.18.77.3"
START_TIMEOUT = 60.0
WORKERS = 2


def can_namespace() -> bool:
    """Whether this process may make network namespaces."""
    return os.geteuid() == 0 and shutil.which("ip") is not None


def spark_env(folder: Path) -> dict[str, str]:
    """The environment for Spark's own programs: our Python, a Java that this Spark can use."""
    home = Path(pyspark.__file__).parent
    env = {
        **os.environ,
        "SPARK_HOME": str(home),
        "PYSPARK_PYTHON": sys.executable,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    java = toolchain.java_home(env, toolchain.find_spark_submit(None, env), folder)
    return {**env, "JAVA_HOME": java} if java else env


class StandaloneCluster:
    """``with StandaloneCluster(folder) as cluster``; one core and ``memory`` a worker."""

    def __init__(self, folder: Path, *, memory: str = "1g", namespace: bool = False) -> None:
        self.folder = folder
        self.memory = memory
        self.namespace = f"guard{os.getpid()}" if namespace else ""
        self.address = MASTER_ADDRESS if namespace else "127.0.0.1"
        self.port, self.ui_port = free_port(), free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """Of the master, for ``spark-submit``."""
        return f"spark://{self.address}:{self.port}"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        # Whatever the caller's is; and no REST server, which would start anybody's driver.
        options = {"SPARK_LOCAL_IP": self.address, "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false"}
        env = {**spark_env(self.folder), **options}
        try:
            if self.namespace:
                self._make_namespace()
            ports = ["--port", str(self.port), "--webui-port", str(self.ui_port)]
            self._start("master", "master.Master", ["--host", self.address, *ports], env)
            self._wait("a master", lambda: self.state() is not None)
            for name, address in (("worker-1", self.address), ("worker-2", self._second())):
                self._start_worker(name, address, env)
            self._wait("two workers", lambda: self._alive() == WORKERS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _second(self) -> str:
        return REMOTE_ADDRESS if self.namespace else self.address

    def _start_worker(self, name: str, address: str, env: Mapping[str, str]) -> None:
        options = ["--host", address, "--webui-port", "0", "--cores", "1", "--memory", self.memory]
        options += ["--work-dir", str(self.folder / "work"), self.url]
        prefix = ["ip", "netns", "exec", self.namespace] if address == REMOTE_ADDRESS else []
        self._start(name, "worker.Worker", options, {**env, "SPARK_LOCAL_IP": address}, prefix)

    def _start(
        self, name: str, main: str, options: list[str], env: Mapping[str, str], prefix: Sequence[str] = ()
    ) -> None:
        command = [*prefix, str(Path(env["SPARK_HOME"], "bin", "spark-class"))]
        command += [f"org.apache.spark.deploy.{main}", *options]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command, env=dict(env), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def state(self) -> dict[str, Any] | None:
        """What the master says of itself, None while it says nothing."""
        try:
            with urllib.request.urlopen(f"http://{self.address}:{self.ui_port}/json/", timeout=5) as answer:
                return json.loads(answer.read())
        except (OSError, ValueError):
            return None

    def _alive(self) -> int:
        return sum(worker["state"] == "ALIVE" for worker in (self.state() or {}).get("workers", ()))

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + START_TIMEOUT
        while not condition():
            ended = [name for name, process in self.processes.items() if process.poll() is not None]
            if ended or time.monotonic() > end:
                raise AssertionError(f"no {what}; ended: {ended}; see {self.folder}")
            time.sleep(0.3)

    def cores_free(self) -> int:
        """Of all living workers."""
        workers = (self.state() or {}).get("workers", ())
        return sum(worker["coresfree"] for worker in workers if worker["state"] == "ALIVE")

    def kill(self, name: str) -> None:
        """SIGKILL ``master``, ``worker-1`` or ``worker-2``."""
        self.processes[name].kill()

    def cut(self) -> None:
        """Drop every packet between the driver's address and the second worker; nobody is told."""
        rule = ["ip", "rule", "add"]
        inside = ["ip", "netns", "exec", self.namespace, *rule, "to", DRIVER_ADDRESS, "blackhole"]
        outside = [*rule, "from", DRIVER_ADDRESS, "to", REMOTE_ADDRESS, "blackhole"]
        for command in (inside, outside):
            subprocess.run(command, check=True)

    def _make_namespace(self) -> None:
        inside = f"ip netns exec {self.namespace} ip"
        for command in (
            f"ip netns add {self.namespace}",
            "ip link add guard-host type veth peer name guard-ns",
            f"ip link set guard-ns netns {self.namespace}",
            f"ip addr add {MASTER_ADDRESS}/29 dev guard-host",
            f"ip addr add {DRIVER_ADDRESS}/29 dev guard-host",
            "ip link set guard-host up",
            f"{inside} addr add {REMOTE_ADDRESS}/29 dev guard-ns",
            f"{inside} link set guard-ns up",
            f"{inside} link set lo up",
        ):
            subprocess.run(command.split(), check=True)

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            process.kill()
            process.wait()
        if self.namespace:
            rule = f"ip rule del from {DRIVER_ADDRESS} to {REMOTE_ADDRESS} blackhole"
            for command in (rule, "ip link del guard-host", f"ip netns del {self.namespace}"):
                subprocess.run(command.split(), check=False, stderr=subprocess.DEVNULL)
