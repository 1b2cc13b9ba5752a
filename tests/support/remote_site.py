"""A driver, a standalone master and a history server on loopback, about one application; a test says how they stand."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qs

from airflow_spark_guard.core.remote.target import Target
from tests.support.web_server import say, serving

ID, NAME = "app-1", "nightly"


def gmt(at):
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.{int(at % 1 * 1000):03}GMT"


def dead(id_, *, ago=1.0, reason="Command exited with code 137"):
    at = time.time() - ago
    return {"id": id_, "isActive": False, "addTime": gmt(at - 1), "removeTime": gmt(at),
            "removeReason": reason, "hostPort": "worker-1:1"}  # fmt: skip


def living(id_, *, ago=50.0):
    return {"id": id_, "isActive": True, "addTime": gmt(time.time() - ago), "hostPort": "worker-1:1"}


class RemoteSite:
    """What the three say; everything may be changed while somebody asks.

    ``driver``: whether it answers. ``master``: the application's state there; None where it knows none,
    ``"down"`` where it does not answer. ``log``: None, ``"open"`` or ``"closed"``. ``deaf``: the master ends nothing.
    """

    def __init__(self):
        self.id, self.name, self.started = ID, NAME, round(time.time()) - 100
        self.driver, self.master, self.log, self.deaf = True, "RUNNING", None, False
        self.executors, self.stages, self.failed_jobs = [living("0")], [], []
        self.others = []  # running applications besides, at the master
        self.page_executors = []  # number and state, at the master
        self.asked, self.credentials, self.url = [], set(), ""

    @property
    def driver_ui(self):
        return f"{self.url}/driver"

    @property
    def master_ui(self):
        return f"{self.url}/master"

    @property
    def history_server(self):
        return f"{self.url}/history"

    def target(self, *names, **more):
        """The application, by its id unless a name is given, with these witnesses."""
        given = {} if "name" in more else {"application_id": self.id}
        return Target(**given, **more, **{name: getattr(self, name) for name in names})

    def over(self, master="FINISHED", log="closed"):
        """The driver goes, with its pages."""
        self.driver, self.master, self.log = False, master, log

    def count(self, path):
        return sum(path in asked for asked in self.asked)

    def __call__(self, handler, form):
        path = handler.path
        self.asked.append(path)
        self.credentials.add(handler.headers["Authorization"])
        _, server, rest = path.split("/", 2)
        reply = {"driver": self._driver, "master": self._master, "history": self._history}[server](rest, form)
        if reply is None:
            say(handler, b"nobody here", 500 if server == "driver" else 404)
        else:
            say(handler, reply if isinstance(reply, bytes) else json.dumps(reply).encode())

    def _row(self, touched, *, done=False):
        return {"id": self.id, "name": self.name, "attempts": [{
            "startTimeEpoch": self.started * 1000, "completed": done,
            "endTimeEpoch": int(touched * 1000) if done else -1, "lastUpdatedEpoch": int(touched * 1000),
        }]}  # fmt: skip

    def _driver(self, rest, _):
        if not self.driver:
            return None
        if rest.partition("?")[0].endswith("/applications"):
            return [self._row(self.started)]  # as a driver's own UI has it
        return self._of_application(rest)

    def _history(self, rest, _):
        if rest.partition("?")[0].endswith("/applications"):
            return [] if self.log is None else [self._row(time.time(), done=self.log == "closed")]
        if self.log is None:
            return None
        if rest.endswith(f"/applications/{self.id}"):
            return self._row(time.time(), done=self.log == "closed")
        return self._of_application(rest)

    def _of_application(self, rest):
        if f"/applications/{self.id}/" not in f"/{rest}":
            return None
        name, _, query = rest.rpartition("/")[2].partition("?")
        if name.isdecimal():
            return None  # no job of that number
        if name == "jobs":
            return self.failed_jobs if "failed" in query else []
        return {"allexecutors": self.executors, "stages": self.stages, "": {}}.get(name, [])

    def _master(self, rest, form):
        if self.master == "down":
            return None
        if form is not None:
            wanted = parse_qs(form)
            if not self.deaf and wanted["id"] == [self.id]:
                self.over("KILLED", None)
            return b"<html>"
        if rest.startswith("app/"):
            rows = "".join(
                f'<tr><td>{number}</td><td><a href="x">worker-2026-node7-70</a></td><td>{state}</td></tr>'
                for number, state in self.page_executors
            )
            return f'<a href="{self.driver_ui}">Application Detail UI</a>{rows}'.encode()
        active = self.master in {"WAITING", "RUNNING"}
        row = {"id": self.id, "name": self.name, "state": self.master, "starttime": self.started * 1000,
               "duration": int((time.time() - self.started) * 1000)}  # fmt: skip
        known = [] if self.master is None else [row]
        others = [{**row, "id": other, "state": "RUNNING"} for other in self.others]
        return {"url": "spark://boss:7077", "status": "ALIVE", "workers": [],
                "activeapps": [*(known if active else []), *others], "completedapps": [] if active else known}  # fmt: skip


@contextmanager
def remote_site():
    """A site with a healthy application."""
    site = RemoteSite()
    with serving(site) as url:
        site.url = url
        yield site
