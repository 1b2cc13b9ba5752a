"""What can be wrong with a machine before the stack starts, each with what to do. Standard library alone."""

from __future__ import annotations

import re
import shutil
import socket
import stat
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = {
    "AIRFLOW_PORT": "8080",
    "SPARK_MASTER_UI_PORT": "8090",
    "SPARK_HISTORY_PORT": "18080",
    "SPARK_CONNECT_PORT": "15002",
    "STACK_SECRETS": "docker/secrets",
    "AIRFLOW_DAGS": "dags",
    "STACK_NAME": "spark-guard",
    "STACK_FILES": "",
}
FOLDERS = ("STACK_SECRETS", "AIRFLOW_DAGS")
GIB = 1024**3
# What the services hold while a model is trained, and something for the machine; figures in docs/stack.md.
NEEDED = {"all": 4.6 * GIB, "airflow": 2.6 * GIB, "spark": 2.6 * GIB}
HIGHEST_PORT = 65535


class StackError(Exception):
    """What is wrong, what was found, what was expected, and what to do."""

    def __init__(self, what: str, *, got: str, expected: str, do: str) -> None:
        super().__init__(f"{what}\n  got: {got}\n  expected: {expected}\n  do: {do}")


def settings(root: Path, env: dict[str, str]) -> dict[str, str]:
    """The environment over the file ``.env``, as compose reads it, over our defaults; folders in full.

    Raises:
        StackError: ``.env`` sets one of our variables by another one.
    """
    given = {**_dotenv(root / ".env"), **env}
    found = {**DEFAULTS, **{key: value for key, value in given.items() if value}}
    # Where browsers are; an empty one is an answer, too: there is no such page.
    urls = {
        "AIRFLOW_BASE_URL": f"http://127.0.0.1:{found['AIRFLOW_PORT']}",
        "SPARK_HISTORY_URL": f"http://127.0.0.1:{found['SPARK_HISTORY_PORT']}",
    }
    urls = {name: given.get(name, url) for name, url in urls.items()}
    # Compose takes a folder without a slash for the name of a volume.
    return {**found, **urls, **{name: str(root / found[name]) for name in FOLDERS}}


def _dotenv(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    line = r"^\s*(?:export\s+)?([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|.*?)\s*(?:\s#.*)?$"
    pairs = dict(re.findall(line, file.read_text(encoding="utf-8"), re.MULTILINE))
    for key in (*DEFAULTS, "AIRFLOW_BASE_URL", "SPARK_HISTORY_URL"):
        # Compose fills it in, by rules that differ from version to version.
        if "$" in pairs.get(key, "") and not pairs[key].startswith("'"):
            raise StackError(
                f"{key} in .env refers to another variable.",
                got=pairs[key],
                expected="the value itself",
                do=f"write it out in {file}",
            )
    return {key: value.strip("\"'") for key, value in pairs.items()}


def compose_command(env: dict[str, str]) -> list[str]:
    """``docker compose`` (V2), else ``docker-compose`` (V1).

    Raises:
        StackError: neither is there, or not the client ``docker``, or no engine answers.
    """
    path = env.get("PATH")
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0], path=path) and _succeeds([*words, "version"], env):
            if shutil.which("docker", path=path) is None:
                raise StackError(
                    "There is no command 'docker'.",
                    got="docker-compose alone",
                    expected="the client beside it",
                    do="on Debian: apt-get install docker.io; elsewhere: docs.docker.com/engine/install",
                )
            if not _succeeds(["docker", "info"], env):
                raise StackError(
                    "No Docker engine answers.",
                    got=_complaint(["docker", "info"], env),
                    expected="an engine at DOCKER_HOST or at the default socket",
                    do="start it (systemctl start docker), or join the group docker",
                )
            return words
    raise StackError(
        "There is no Docker Compose.",
        got="neither 'docker compose' nor 'docker-compose' runs",
        expected="Compose V2, or V1 from 1.29 on",
        do="on Debian: apt-get install docker.io docker-compose; elsewhere: docs.docker.com/compose/install",
    )


def check_ports(ports: dict[str, str], ours: frozenset[str] = frozenset()) -> None:
    """Every port must be a number of its own, and free.

    Args:
        ports: port by the variable that says it.
        ours: those that our own containers hold already.

    Raises:
        StackError: names each that is not, and its variable.
    """
    for variable, port in ports.items():
        if not port.isdigit() or not 0 < int(port) <= HIGHEST_PORT:
            raise StackError(
                f"{variable} is no port.",
                got=repr(port),
                expected="a number from 1 to 65535",
                do=f"{variable}=8081 make stack-up",
            )
    held = [*ports.values()]
    wrong = {v: p for v, p in ports.items() if held.count(p) > 1 or (p not in ours and not _is_free(int(p)))}
    if wrong:
        others = {*map(int, ports.values())}
        better = {}
        for variable, port in wrong.items():
            better[variable] = next(
                p for p in range(int(port) + 1, HIGHEST_PORT) if p not in others and _is_free(p)
            )
            others.add(better[variable])
        raise StackError(
            "A port is taken.",
            got=", ".join(f"127.0.0.1:{port} ({variable})" for variable, port in wrong.items()),
            expected="free ports, each once",
            do=" ".join(f"{variable}={port}" for variable, port in better.items())
            + " make stack-up, or the same lines in .env",
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the engine does: an address that waits for its last packets can be taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    with socket.socket() as caller:  # on some systems one can bind beside a listener on all addresses
        caller.settimeout(1)
        return caller.connect_ex(("127.0.0.1", port)) != 0


def check_memory(half: str) -> None:
    """The engine's machine must have what the services and one job need.

    Raises:
        StackError: says how much.
    """
    total = subprocess.run(
        ["docker", "info", "-f", "{{.MemTotal}}"], capture_output=True, text=True, check=False
    ).stdout.strip()
    found, needed = int(total or 0), NEEDED[half]
    if 0 < found < needed:
        raise StackError(
            "There is too little memory.",
            got=f"{found / GIB:.1f} GiB in all",
            expected=f"{needed / GIB:.1f} GiB or more",
            do="give the machine (or Docker Desktop's VM) more, or start one half alone: docs/stack.md",
        )


def check_dags(folder: Path) -> None:
    """The containers' user, who is nobody on this machine, must be able to read the DAGs.

    Raises:
        StackError: there is no such folder, or others may not read it.
    """
    if not folder.is_dir():
        raise StackError(
            "There is no folder of DAGs.",
            got=str(folder),
            expected="a folder",
            do="set AIRFLOW_DAGS, or make it",
        )
    closed = next((path for path in (folder, *sorted(folder.rglob("*"))) if not _is_open(path)), None)
    if closed is not None:
        raise StackError(
            "The DAGs cannot be read in the containers, which run as user 50000.",
            got=f"{closed}: mode {stat.S_IMODE(closed.stat().st_mode):04o}",
            expected="readable by others",
            do=f"chmod -R o+rX {folder}",
        )


def _is_open(path: Path) -> bool:
    if not path.exists():  # a link to nowhere
        return True
    wanted = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
    return path.stat().st_mode & wanted == wanted


def _succeeds(words: list[str], env: dict[str, str]) -> bool:
    return subprocess.run(words, env=env, capture_output=True, check=False).returncode == 0


def _complaint(words: list[str], env: dict[str, str]) -> str:
    text = subprocess.run(words, env=env, capture_output=True, text=True, check=False).stderr
    return text.strip().splitlines()[-1] if text.strip() else "no answer"
