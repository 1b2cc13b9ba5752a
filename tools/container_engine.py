"""A Docker engine for the tests of the stack: the one that runs, or one of ours that leaves nothing behind.

Our own one lives in a network namespace of its own: what a container publishes on 127.0.0.1 is seen in there
alone, and its firewall rules end with it. Outside stay, until it ends, one pair of virtual interfaces and one
rule of address translation. Needs Linux, root, and Debian's packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = {
    "dockerd": "docker.io",
    "docker-compose": "docker-compose",
    "debootstrap": "debootstrap",
    "iptables": "iptables",
    "ip": "iproute2",
}
NAMESPACE = "spark-guard-test"
# Link, bridge and pools of networks that exist in the namespace alone.
OUTSIDE, INSIDE, LINK = "10.213.7.1", "10.213.7.2", "10.213.7.0/30"
BRIDGE, POOL = "10.213.8.1/24", "base=10.213.16.0/20,size=24"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
PATIENCE = 60.0


class NoEngineError(Exception):
    """Why no engine can be started here."""


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
    if shutil.which("apt-get") is None and not all(map(shutil.which, PACKAGES)):
        raise NoEngineError("no Docker engine answers, and there is no apt-get to install one")


def _answers(env: dict[str, str]) -> bool:
    if shutil.which("docker") is None:
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
    _install(undo)
    folder = Path(tempfile.mkdtemp(prefix="spark-guard-engine-", dir="/var/tmp"))
    undo.callback(_remove, folder)
    _network(undo)
    env = {**os.environ, "DOCKER_HOST": f"unix://{folder}/docker.sock", "DOCKER_BUILDKIT": "0"}
    env.pop("DOCKER_CONTEXT", None)
    env["DOCKER_CONFIG"] = str(folder / "client")
    # Not 'ip netns exec': it hides the cgroups.
    into = ["nsenter", f"--net=/run/netns/{NAMESPACE}"]
    daemon = ["dockerd", "--host", env["DOCKER_HOST"], "--data-root", str(folder / "data")]
    daemon += ["--exec-root", str(folder / "exec"), "--pidfile", str(folder / "docker.pid")]
    daemon += ["--bip", BRIDGE, "--default-address-pool", POOL, "--mtu", str(_mtu())]
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


def _install(undo: ExitStack) -> None:
    missing = [package for command, package in PACKAGES.items() if shutil.which(command) is None]
    if not missing:
        return
    before = _packages()
    groups = {name: Path(name).read_text() for name in ("/etc/group", "/etc/gshadow")}
    undo.callback(_purge, before, groups)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
        done = subprocess.run(
            ["apt-get", *words],
            env=quiet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoEngineError(f"apt-get {words[0]} failed:\n{done.stdout[-500:]}{done.stderr[-500:]}")


def _packages() -> set[str]:
    listed = subprocess.run(
        ["dpkg-query", "-Wf", "${db:Status-Abbrev}\t${Package}\n"], capture_output=True, text=True, check=True
    ).stdout
    return {line.split("\t")[1] for line in listed.splitlines() if line.startswith("ii")}


def _purge(before: set[str], groups: dict[str, str]) -> None:
    """Remove what was installed, and nothing that was there: no autoremove."""
    added = sorted(_packages() - before)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["apt-get", "purge", "-y", "-qq", *added],
        env=quiet,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    for name, text in groups.items():  # docker.io's group stays after a purge
        if "docker" in Path(name).read_text() and "docker" not in text:
            Path(name).write_text(text)


def _network(undo: ExitStack) -> None:
    """A namespace, and the one way out of it."""
    outer, inner = "sg-test0", "sg-test1"
    _ip("netns", "add", NAMESPACE)
    undo.callback(_ip, "netns", "delete", NAMESPACE)
    _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", NAMESPACE)
    undo.callback(_ip, "link", "delete", outer)
    mtu = str(_mtu())
    _ip("addr", "add", f"{OUTSIDE}/30", "dev", outer)
    _ip("link", "set", outer, "mtu", mtu, "up")
    _ip("-n", NAMESPACE, "addr", "add", f"{INSIDE}/30", "dev", inner)
    _ip("-n", NAMESPACE, "link", "set", inner, "mtu", mtu, "up")
    _ip("-n", NAMESPACE, "link", "set", "lo", "up")
    _ip("-n", NAMESPACE, "route", "add", "default", "via", OUTSIDE)
    undo.callback(FORWARDING.write_text, FORWARDING.read_text())
    FORWARDING.write_text("1")
    rule = ["POSTROUTING", "-s", LINK, "-j", "MASQUERADE"]
    _command("iptables", "-t", "nat", "-A", *rule)
    undo.callback(_command, "iptables", "-t", "nat", "-D", *rule)


def _mtu() -> int:
    """Of the machine's own way out; a larger one loses packets."""
    route = subprocess.run(["ip", "route", "show", "default"], capture_output=True, text=True, check=True)
    words = route.stdout.split()
    device = words[words.index("dev") + 1] if "dev" in words else "lo"
    return min(1500, int(Path(f"/sys/class/net/{device}/mtu").read_text()))


def _ip(*words: str) -> None:
    _command("ip", *words)


def _command(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoEngineError(f"{' '.join(words)}: {done.stderr.strip()}")


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
