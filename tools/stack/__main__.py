"""The compose stack of this project: ``python3 -m tools.stack up|down|logs|status [service ...]``.

Standard library alone, for any Python from 3.9 on: whoever runs the stack needs Docker and make alone.
What is wrong with the machine is said before anything is started. Secrets are made where they are missing,
are never overwritten, and are never printed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tools import ROOT
from tools.stack.checks import (
    StackError,
    check_dags,
    check_memory,
    check_ports,
    compose_command,
    settings,
)
from tools.stack.secrets import PASSWORD, make_secrets

HALVES = {"airflow": ("airflow.yml",), "spark": ("spark.yml",), "all": ("airflow.yml", "spark.yml")}
# One service for each image: the others of the same image find it built.
BUILT = {"airflow": ("postgres", "airflow-init"), "spark": ("spark-master",)}
PAGES = {
    "Airflow": "AIRFLOW_PORT",
    "Spark master": "SPARK_MASTER_UI_PORT",
    "Spark history": "SPARK_HISTORY_PORT",
}
PATIENCE = 300.0
RESTARTS = 3  # so often in vain is often enough
DONE = ("healthy", "exited 0")
LOG_LINES = "25"


class Stack:
    """One compose project.

    Args:
        half: ``airflow``, ``spark``, or ``all`` for both together.
        env: the environment, with what the file ``.env`` says below it.
        compose: the command, as ``compose_command`` found it.
    """

    def __init__(self, half: str, env: dict[str, str], compose: list[str]) -> None:
        self._half = half
        self._env = env
        files = [word for file in (*HALVES[half], *env["STACK_FILES"].split()) for word in ("-f", file)]
        self._name = env["STACK_NAME"]
        self._compose = [*compose, "-p", self._name, *files]
        self._pages = {
            n: env[v] for n, v in PAGES.items() if half == "all" or (n == "Airflow") == (half == "airflow")
        }

    def up(self, *, build: bool) -> None:
        """Check, make secrets, build, start, and wait until every service is healthy."""
        was_up = bool(self.containers(running=True))
        folder = Path(self._env["STACK_SECRETS"])
        made = make_secrets(folder, used_by=self._data())
        if made:
            say(f"secrets   made in {shown(folder)}: {', '.join(made)}")
        if self._half != "spark":
            check_dags(Path(self._env["AIRFLOW_DAGS"]))
        check_ports(self._ports(), self._held())
        if was_up:
            say("stack     is up already; services whose files or settings changed are started anew")
        else:
            check_memory(self._half)
        if build:
            self._build()
        starts = {name: count for name, (_, count) in self._states().items()}
        try:
            self._run("up", "-d", *self._orphans())
        except StackError:
            # Something that others wait for has ended, or is not healthy; compose does not say why.
            self._show({name for name, (state, _) in self._states().items() if state not in DONE})
            raise
        self.wait(starts)
        self._say_where(folder)

    def _build(self) -> None:
        """Quietly: what goes wrong is in the last lines."""
        log = ROOT / "build" / "stack-build.log"
        log.parent.mkdir(exist_ok=True)
        say(f"images    building, some minutes the first time; the output is in {shown(log)}")
        with log.open("wb") as output:
            words = [*self._compose, "build", *self._built()]
            done = subprocess.run(words, cwd=ROOT, env=self._env, stdout=output, stderr=output, check=False)
        if done.returncode:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            say("\n".join(lines[-int(LOG_LINES) :]))
            raise StackError(
                "The images cannot be built.",
                got=f"exit code {done.returncode}",
                expected="0",
                do=f"read the lines above, and {shown(log)}",
            )

    def down(self) -> None:
        """Remove containers and networks; volumes, images and secrets stay."""
        # Also what a profile has started that is not asked for now.
        self._run("down", *self._orphans(), profiles="celery,connect,more-workers")

    def logs(self, services: list[str]) -> None:
        """The last lines of these services, or of all, and what follows."""
        self._run("logs", "--tail", "100", "-f", *services)

    def status(self) -> None:
        """One line for each container."""
        self._run("ps")

    def containers(self, *, running: bool = False) -> list[str]:
        """Ids of the containers that exist, or of those that run."""
        label = f"label=com.docker.compose.project={self._name}"
        return self._docker("ps", "-q" if running else "-aq", "--filter", label).split()

    def wait(self, starts: dict[str, int]) -> None:
        """Until all are healthy, with a word for each.

        Args:
            starts: how often each had been started again before.

        Raises:
            StackError: one of them ended, or is not healthy in time.
        """
        started, healthy = time.monotonic(), set()
        while True:
            states = self._states()
            for name in sorted(states):
                if states[name][0] in DONE and name not in healthy:
                    healthy.add(name)
                    word = "done" if "exited" in states[name][0] else "healthy"
                    say(f"{name:<24} {word} after {time.monotonic() - started:.0f} s")
            waiting = {name: state for name, state in states.items() if name not in healthy}
            if states and not waiting:
                return
            ended = {
                name: state
                for name, (state, count) in waiting.items()
                if state.startswith(("exited", "dead")) or count - starts.get(name, 0) >= RESTARTS
            }
            if ended or time.monotonic() - started > PATIENCE:
                self._give_up(ended or {name: state for name, (state, _) in waiting.items()})
            time.sleep(2)

    def _states(self) -> dict[str, tuple[str, int]]:
        """State and number of restarts by service; of what a stop or a profile has left, nothing."""
        text = (
            '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{.State.ExitCode}} '
            "{{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{end}}"
        )
        wanted = set(self._output("config", "--services").split())
        found = {}
        for container in self.containers():
            name, status, code, count, *health = self._docker("inspect", "-f", text, container).split()
            if name in wanted:
                state = f"exited {code}" if status == "exited" else (health[0] if health else status)
                found[name] = state, int(count)
        return found

    def _give_up(self, services: dict[str, str]) -> None:
        self._show(set(services))
        raise StackError(
            f"The stack is not healthy after {PATIENCE:.0f} s, or a service ended again and again.",
            got=", ".join(f"{name}: {state}" for name, state in services.items()),
            expected="every service healthy",
            do="read the lines above; then 'make stack-up' again, or 'make stack-down'",
        )

    def _show(self, services: set[str]) -> None:
        for name in sorted(services):
            say(f"--- the last lines of {name}")
            self._run("logs", "--tail", LOG_LINES, name)

    def _data(self) -> str:
        """The database's volume, if there is one."""
        return self._docker("volume", "ls", "-q", "--filter", f"name=^{self._name}_postgres-data$").strip()

    def _held(self) -> frozenset[str]:
        """Ports of this machine that containers of the stack have."""
        label = f"label=com.docker.compose.project={self._name}"
        shown_ports = self._docker("ps", "--filter", label, "--format", "{{.Ports}}")
        return frozenset(re.findall(r"127\.0\.0\.1:(\d+)->", shown_ports))

    def _built(self) -> list[str]:
        built = [name for half in BUILT if self._half in (half, "all") for name in BUILT[half]]
        celery = "celery" in self._env.get("COMPOSE_PROFILES", "") and self._half != "spark"
        return [*built, "redis"] if celery else built

    def _orphans(self) -> list[str]:
        """The other half is no orphan of this one."""
        return ["--remove-orphans"] if self._half == "all" else []

    def _ports(self) -> dict[str, str]:
        ports = {PAGES[name]: port for name, port in self._pages.items()}
        if "connect" in self._env.get("COMPOSE_PROFILES", "") and self._half != "airflow":
            ports["SPARK_CONNECT_PORT"] = self._env["SPARK_CONNECT_PORT"]
        return ports

    def _say_where(self, folder: Path) -> None:
        for name, port in self._pages.items():
            say(f"{name:<14} http://127.0.0.1:{port}")
        if self._half != "spark":
            say(f"Sign in as admin; the password is in {shown(folder / PASSWORD)}")

    def _run(self, *words: str, profiles: str | None = None) -> None:
        env = {**self._env, **({"COMPOSE_PROFILES": profiles} if profiles else {})}
        done = subprocess.run([*self._compose, *words], cwd=ROOT, env=env, check=False)
        if done.returncode and words[0] != "logs":
            raise StackError(
                f"'compose {words[0]}' failed.",
                got=f"exit code {done.returncode}",
                expected="0",
                do="read the lines above",
            )

    def _output(self, *words: str) -> str:
        return _printed([*self._compose, *words], self._env)

    def _docker(self, *words: str) -> str:
        return _printed(["docker", *words], self._env)


def _printed(words: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(words, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        raise StackError(
            f"'{' '.join(words[:2])}' failed.",
            got=(done.stderr.strip().splitlines() or ["no word"])[-1],
            expected="exit code 0",
            do="run it by hand to see more: " + " ".join(words),
        )
    return done.stdout


def shown(path: Path) -> str:
    """Relative to the project where it lies in it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def say(text: str) -> None:
    """One line, at once, also through a pipe."""
    print(text, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 with what is wrong and what to do."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.stack", description="The compose stack of airflow_spark_guard."
    )
    parser.add_argument("command", choices=("up", "down", "logs", "status"))
    parser.add_argument("services", nargs="*", help="for logs: these alone")
    parser.add_argument(
        "--half", choices=sorted(HALVES), default="all", help="one file alone (default: both)"
    )
    parser.add_argument("--no-build", action="store_true", help="with up: take the images as they are")
    options = parser.parse_args(arguments)
    try:
        env = settings(ROOT, dict(os.environ))
        if options.half == "airflow":  # our history server is not there
            env["SPARK_HISTORY_URL"] = os.environ.get("SPARK_HISTORY_URL", "")
        stack = Stack(options.half, env, compose_command(env))
        if options.command == "up":
            stack.up(build=not options.no_build)
        elif options.command == "logs":
            stack.logs(options.services)
        else:
            getattr(stack, options.command)()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except PermissionError as error:
        do = "chown it to who runs this; a first start as root leaves it so"
        print(f"A file belongs to somebody else.\n  got: {error}\n  do: {do}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
