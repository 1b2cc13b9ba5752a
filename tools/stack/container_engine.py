"""A Docker engine for the tests of the stack: the one that runs, or one of ours that leaves nothing behind.

Ours lives in a network namespace of its own: what a container publishes on 127.0.0.1 is seen in there
alone, and its firewall rules end with it. Outside stay, until it ends, one pair of virtual interfaces and
three rules for their address. Its programs are unpacked, not installed. Needs Linux and root.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tools.stack.debian_tools import NoToolsError, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE = "spark-guard-test"
# Link, bridge and pools of networks that exist in the namespace alone.
OUTSIDE, INSIDE, LINK = "10.213.7.1", "10.213.7.2", "10.213.7.0/30"
BRIDGE, POOL = "10.213.8.1/24", "base=10.213.16.0/20,size=24"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
PATIENCE = 60.0


class NoEngineError(Exception):
    """Why no engine can be started here."""


class EngineError(Exception):
    """An engine could be here, and something is in its way: no reason to skip anything."""


@dataclass
class Engine:
    """What a program needs to use an engine.

    Attributes:
        env: the environment of docker, compose, and whoever opens published ports.
        prefix: before each such command: into the engine's network namespace.
        own: whether it is ours, and knows no registry.
    """

    env: dict[str, str]
    prefix: list[str] = field(default_factory=list)
    own: bool = False

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command beside the engine; its output is captured."""
        done = subprocess.run(
            [*self.prefix, *words], env=self.env, capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            message = f"{' '.join(words[:3])}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
            raise RuntimeError(message)
        return done


@contextmanager
def engine() -> Iterator[Engine]:
    """An engine for a while.

    Raises:
        NoEngineError: none runs, and none can be started.
    """
    env = dict(os.environ)
    if _answers(env) and shutil.which("docker") and _has_compose(env):
        yield Engine(env)
        return
    _check_machine()
    with ExitStack() as undo:
        yield _started(undo)


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise NoEngineError("no Docker engine answers, and only root can start one here")
    if Path("/run/netns", NAMESPACE).exists():
        raise EngineError(
            f"an earlier run was killed and has left its namespace.\n  do: end its dockerd, then "
            f"ip netns delete {NAMESPACE}; iptables -t nat -D POSTROUTING -s {LINK} -j MASQUERADE"
        )


def _answers(env: dict[str, str]) -> bool:
    if shutil.which("docker", path=env.get("PATH")) is None:
        return False
    return subprocess.run(["docker", "info"], env=env, capture_output=True, check=False).returncode == 0


def _has_compose(env: dict[str, str]) -> bool:
    ways = (["docker", "compose", "version"], ["docker-compose", "version"])
    return any(
        shutil.which(way[0])
        and subprocess.run(way, env=env, capture_output=True, check=False).returncode == 0
        for way in ways
    )


def _started(undo: ExitStack) -> Engine:
    folder = Path(tempfile.mkdtemp(prefix="spark-guard-engine-", dir="/var/tmp"))
    undo.callback(_remove, folder)
    try:
        env = environment(folder)
    except NoToolsError as reason:
        raise NoEngineError(f"no Docker engine answers, and {reason}") from reason
    env |= {"DOCKER_HOST": f"unix://{folder}/docker.sock", "DOCKER_BUILDKIT": "0"}
    env |= {"DOCKER_CONFIG": str(folder / "client")}
    env.pop("DOCKER_CONTEXT", None)
    _network(undo, env)
    # Not 'ip netns exec': it hides the cgroups.
    into = ["nsenter", f"--net=/run/netns/{NAMESPACE}"]
    # Without this the daemon leaves a key in /etc/docker.
    (folder / "daemon.json").write_text(json.dumps({"deprecated-key-path": str(folder / "key.json")}))
    daemon = ["dockerd", "--config-file", str(folder / "daemon.json")]
    daemon += ["--host", env["DOCKER_HOST"], "--data-root", str(folder / "data")]
    daemon += ["--exec-root", str(folder / "exec"), "--pidfile", str(folder / "docker.pid")]
    daemon += ["--bip", BRIDGE, "--default-address-pool", POOL, "--mtu", str(_mtu(env))]
    with (folder / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(
            [*into, *daemon],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    undo.callback(_end, process)
    end = time.monotonic() + PATIENCE
    while not _answers(env):
        if process.poll() is not None or time.monotonic() > end:
            lines = (folder / "dockerd.log").read_text(errors="replace").splitlines()[-5:]
            raise NoEngineError("dockerd does not start:\n" + "\n".join(lines))
        time.sleep(0.3)
    return Engine(env, into, own=True)


def _network(undo: ExitStack, env: dict[str, str]) -> None:
    """A namespace, and the one way out of it."""

    def do(*words: str) -> None:
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoEngineError(f"{' '.join(words)}: {done.stderr.strip()}")

    def undone_by(*words: str) -> None:
        # Whatever is left of it: an undo goes on with the next step.
        undo.callback(subprocess.run, words, env=env, capture_output=True, check=False)

    outer, inner = "sg-test0", "sg-test1"
    mtu = str(_mtu(env))
    do("ip", "netns", "add", NAMESPACE)
    undone_by("ip", "netns", "delete", NAMESPACE)
    do("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", NAMESPACE)
    undone_by("ip", "link", "delete", outer)
    do("ip", "addr", "add", f"{OUTSIDE}/30", "dev", outer)
    do("ip", "link", "set", outer, "mtu", mtu, "up")
    do("ip", "-n", NAMESPACE, "addr", "add", f"{INSIDE}/30", "dev", inner)
    do("ip", "-n", NAMESPACE, "link", "set", inner, "mtu", mtu, "up")
    do("ip", "-n", NAMESPACE, "link", "set", "lo", "up")
    do("ip", "-n", NAMESPACE, "route", "add", "default", "via", OUTSIDE)
    if FORWARDING.read_text().strip() != "1":
        try:
            FORWARDING.write_text("1")
        except OSError as reason:
            raise NoEngineError(f"{FORWARDING}: {reason.strerror}") from reason
        undo.callback(FORWARDING.write_text, "0")
    # A machine that forwards nothing by default forwards for this link.
    for table, chain, rule in (
        ("nat", "POSTROUTING", ["-s", LINK, "-j", "MASQUERADE"]),
        ("filter", "FORWARD", ["-s", LINK, "-j", "ACCEPT"]),
        ("filter", "FORWARD", ["-d", LINK, "-j", "ACCEPT"]),
    ):
        do("iptables", "-t", table, "-I", chain, *rule)
        undone_by("iptables", "-t", table, "-D", chain, *rule)


def _mtu(env: dict[str, str]) -> int:
    """Of the machine's own way out; a larger one loses packets."""
    route = subprocess.run(
        ["ip", "route", "show", "default"], env=env, capture_output=True, text=True, check=True
    )
    words = route.stdout.split()
    device = words[words.index("dev") + 1] if "dev" in words else "lo"
    return min(1500, int(Path(f"/sys/class/net/{device}/mtu").read_text()))


def _end(process: subprocess.Popen[bytes]) -> None:
    """The daemon ends its containers; what it started goes with it."""
    process.terminate()
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _remove(folder: Path) -> None:
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        if line.split()[1].startswith(f"{folder}/"):
            subprocess.run(["umount", "-l", line.split()[1]], check=False)
    shutil.rmtree(folder, ignore_errors=True)
