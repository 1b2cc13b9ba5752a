"""A manager that the package does not know: it stands in this file alone, and is watched like the others."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import ClassVar

import pytest

from airflow_spark_guard.attempt import cluster_run
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster import managers
from airflow_spark_guard.core.cluster import status as words
from airflow_spark_guard.core.cluster.manager import ClusterManager
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK, TASK_MARK, ClusterState, ClusterStatus
from airflow_spark_guard.core.deploy_mode import UpstreamClusterMode, decide
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.core.web.answer import Request
from airflow_spark_guard.testing import FakeManager
from tests.integration.cluster.conftest import Stand
from tests.integration.cluster.test_deferrable import deferred, first_event, rebuilt, resumed
from tests.integration.cluster.test_operator import kill_when, leave_behind

MARKS, VARIABLE = "spark.toy.marks", "spark.toy.environment."
GONE = 404


@dataclass(frozen=True)
class Toy(ClusterManager):
    """Spark's own way for managers of others: a master that begins with ``spark-`` (ExternalClusterManager)."""

    key: ClassVar[str] = "toy"
    title: ClassVar[str] = "The toy"

    pool: str = "main"

    @classmethod
    def recognises(cls, master):
        return master.startswith("spark-toy://")

    @classmethod
    def of(cls, settings):
        return cls((settings.master.replace("spark-toy", "http"),), pool=settings.text("pool") or "main")

    def status(self, application_id):
        answer = yield Request(f"/{self.pool}/{application_id}")
        if answer.status == GONE:
            return ClusterStatus(ClusterState.VANISHED, application_id, what="unknown to the toy")
        return self._read(self._decoded(answer))

    def find(self, mark, value):
        listed = self._decoded((yield Request(f"/{self.pool}")))
        return words.active(self._read(row) for row in listed["jobs"] if row["marks"].get(mark) == value)

    def kill(self, application_id):
        self._decoded((yield Request(f"/{self.pool}/{application_id}", method="DELETE")))
        return (yield from self.status(application_id))

    def submit_conf(self, values, marks, environment):  # noqa: ARG002 - the toy merges nothing
        ours = json.dumps({TASK_MARK: marks.task, ATTEMPT_MARK: marks.attempt})
        return {MARKS: ours, **{f"{VARIABLE}{name}": value for name, value in environment.items()}}

    def printed_id(self, output):
        found = re.findall(rb"the toy takes (job-\d+)", output)
        return found[-1].decode() if found else ""

    def own_access(self, machine):
        token = machine.variable("TOY_TOKEN")
        return Access.bearer(token) if token else Access()

    def _decoded(self, answer):
        return words.decoded(answer, self.title, lambda _: "")

    def _read(self, row):
        return ClusterStatus(
            ClusterState(row["state"]),
            row["id"],
            what=row["state"].lower(),
            submitted_at=row["at"],
            started_at=row["started"],
            attempt=row["marks"].get(ATTEMPT_MARK, ""),
        )


class ToyServer(FakeManager):
    """Its web server."""

    environment_key = VARIABLE

    def new_id(self, conf):  # noqa: ARG002 - the toy numbers them
        return f"job-{len(self.applications) + 1}"

    def printed(self, application):
        return [f"Submitter: the toy takes {application}"]

    def refusal(self, status):
        return status, {}

    def answer(self, method, path, query, body):  # noqa: ARG002 - all is in the path
        _, pool, *name = path.split("/")
        if pool != "main":
            return GONE, {}
        if not name:
            return 200, {"jobs": [self._row(found, found.state) for found in self.applications.values()]}
        found = self.applications.get(name[0])
        if found is None or found.state is ClusterState.VANISHED:
            return GONE, {}
        if method == "DELETE":
            found.kill()
        return 200, self._row(found, found.look())

    def _row(self, found, state):
        marks = json.loads(found.conf.get(MARKS, "{}"))
        at, started = found.submitted_at, found.started_at
        return {"id": found.id, "state": state, "marks": marks, "at": at, "started": started}


class ToyStand(Stand):
    """A connection to the toy."""

    def connect(self, *, channel=True, **extra):
        if channel:
            extra["channel_directory"] = str(self.channel)
        host = self.manager.url.replace("http", "spark-toy")
        given = {"conn_type": "spark", "host": host, "extra": extra}
        self._monkeypatch.setenv("AIRFLOW_CONN_SPARK_CLUSTER", json.dumps(given))


@pytest.fixture
def toy(tmp_path, monkeypatch, airflow_db):
    """The toy, registered where the others are."""
    monkeypatch.setattr(managers, "MANAGERS", (*managers.MANAGERS, Toy))
    monkeypatch.setattr(cluster_run, "_LAST_MESSAGES", 0.5)
    with ToyServer() as manager:
        yield ToyStand(manager, tmp_path, monkeypatch)


def test_without_its_name_among_the_managers_it_is_upstreams():
    """Nothing else says that it is one."""
    assert type(decide("spark-toy://h", ("x", "cluster"), [], None)) is UpstreamClusterMode


def test_its_application_is_submitted_and_watched_to_its_end(toy, log):
    """The launcher runs there, with the environment that the toy's settings give; the id is what was printed."""
    assert toy.execute() == {"rows": 3}
    assert toy.application.id == "job-1"
    assert "SPARK_GUARD_CHANNEL_DIRECTORY" in str(toy.application.conf)
    assert "Guarded on The toy: deadline " in log.text()


@pytest.mark.parametrize(
    ("end", "error"), [("FAILED", errors.AttemptError), ("VANISHED", errors.VanishedError)]
)
def test_an_end_that_is_no_success_fails_the_task(toy, end, error):
    """In the toy's own words."""
    toy.connect(channel=False)
    toy.manager.course = ["WAITING", "RUNNING", end]
    with pytest.raises(error):
        toy.execute()


def test_a_killed_task_ends_it_at_the_manager(toy):
    """By the toy's own request."""
    operator = toy.operator(toy.job("import time; time.sleep(60)"))
    kill_when(operator, lambda: toy.manager.applications and toy.application.started_at)
    with pytest.raises(errors.KilledError) as caught:
        operator.execute(toy.context)
    assert (toy.application.killed, caught.value.orphans) == (True, ())
    assert "DELETE /main/job-1" in toy.manager.requests


def test_what_an_earlier_try_left_is_found_by_its_mark(toy, log):
    """And ended before the next one starts."""
    left = leave_behind(toy, toy.job("import time; time.sleep(60)"))
    assert toy.execute(durable=False) == {"rows": 3}
    assert left.killed
    assert f"Ended what an earlier attempt had left behind: {left.id}" in log.text()


def test_a_trigger_watches_it_on_and_the_task_finishes(toy):
    """What Airflow stores says which manager it is, with the toy's own field."""
    defer = deferred(toy)
    place = defer.trigger.serialize()[1]["place"]
    assert (place["manager"], place["pool"]) == ("toy", "main")
    event = asyncio.run(first_event(rebuilt(defer.trigger)))
    assert resumed(toy, defer, event) == {"rows": 3}


def test_it_lets_us_in_by_its_own_credentials(toy, monkeypatch):
    """Asked of the machine; without them the refusal is said before anything is submitted."""
    toy.manager.token = "geheim"
    with pytest.raises(errors.BadInputError, match="The toy cannot be asked for applications"):
        toy.execute()
    monkeypatch.setenv("TOY_TOKEN", "geheim")
    assert toy.execute() == {"rows": 3}
