"""Does this container's service do its work? ``python3 -I -S healthcheck.py SERVICE``; exit code 0 for yes.

Standard library alone and no site-packages: it runs every few seconds.
"""

from __future__ import annotations

import json
import socket
import sys
import urllib.request

TIMEOUT = 8


def main(service: str) -> int:
    """Ask, and print why not: ``docker inspect`` shows the last answers."""
    try:
        problem = CHECKS[service]()
    except (OSError, ValueError, KeyError) as error:
        problem = f"{type(error).__name__}: {error}"
    print(problem or f"{service}: healthy")
    return 1 if problem else 0


def _json(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
        return json.load(answer)


def component(name: str, url: str = "http://api-server:8080") -> str:
    """What Airflow's health page says of one component, which beats its heart in the database."""
    found = _json(f"{url}/api/v2/monitor/health")[name]
    return "" if found["status"] == "healthy" else f"{name}: {found}"


def scheduler() -> str:
    """The scheduler's own server looks for its heartbeat in the database; without one it answers 503."""
    with urllib.request.urlopen("http://127.0.0.1:8974/health", timeout=TIMEOUT):
        return ""


def master() -> str:
    """A master that recovers or stands by gives nobody executors."""
    found = _json("http://127.0.0.1:8080/json/")["status"]
    return "" if found == "ALIVE" else f"the master is {found}"


def worker() -> str:
    """A worker that lives but is unknown to its master works for nobody."""
    host = socket.gethostname()
    known = _json("http://spark-master:8080/json/")["workers"]
    states = [found["state"] for found in known if found["host"] == host]
    return "" if "ALIVE" in states else f"the master knows {host} as {states or 'no worker'}"


def history() -> str:
    """The list of applications comes from the event logs."""
    with urllib.request.urlopen(
        "http://127.0.0.1:18080/api/v1/applications?limit=1", timeout=TIMEOUT
    ) as answer:
        json.load(answer)
    return ""


def connect() -> str:
    """Whether anybody listens; a session would cost a JVM's worth of work."""
    with socket.create_connection(("127.0.0.1", 15002), timeout=TIMEOUT):
        return ""


CHECKS = {
    "api-server": lambda: component("metadatabase", "http://127.0.0.1:8080"),
    "scheduler": scheduler,
    "dag-processor": lambda: component("dag_processor"),
    "triggerer": lambda: component("triggerer"),
    "master": master,
    "worker": worker,
    "history": history,
    "connect": connect,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
