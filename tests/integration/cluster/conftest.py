"""The managers that the suites run on, and an operator that submits to one of them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator
from airflow_spark_guard.attempt import cluster_run
from airflow_spark_guard.core import clock as clock_module
from airflow_spark_guard.testing import FakeKubernetes, FakeResourceManager
from airflow_spark_guard.triggers import deferral_guard
from tests.support.clock import Clock

QUICK = GuardLimits(deadline="10m", start_timeout="9m", poll_interval="50ms", stall_timeout="8m")


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """Without a scheduler around it, an event has nothing to wait for."""
    monkeypatch.setattr(deferral_guard, "SETTLED", 0.0)


@pytest.fixture(params=["yarn", "kubernetes"])
def manager(request):
    """A fake of each kind."""
    with FakeResourceManager() if request.param == "yarn" else FakeKubernetes() as fake:
        yield fake


@pytest.fixture
def yarn():
    """A fake ResourceManager."""
    with FakeResourceManager() as fake:
        yield fake


@pytest.fixture
def kubernetes():
    """A fake API server."""
    with FakeKubernetes() as fake:
        yield fake


class TaskInstance:
    """As much of Airflow's as the operator uses."""

    dag_id, run_id, task_id, map_index, try_number, max_tries = "d", "r", "t", -1, 1, 0

    def __init__(self) -> None:
        self.xcoms = {}

    def xcom_push(self, key, value) -> None:
        self.xcoms[key] = value


class Stand:
    """A connection to a fake, a channel directory, and operators."""

    def __init__(self, manager, folder, monkeypatch) -> None:
        self.manager, self.folder = manager, folder
        self.channel = folder / "channel"
        self.channel.mkdir()
        self.binary = manager.spark_submit(folder)
        self.ti = TaskInstance()
        self._monkeypatch = monkeypatch
        self.connect()

    @property
    def is_yarn(self):
        return isinstance(self.manager, FakeResourceManager)

    def put_clock_forward(self, seconds, *, after):
        """The clock of who watches, once the manager was asked so many times about the application."""
        clock, asked = Clock(self._monkeypatch, cluster_run, clock_module), []
        answer = self.manager.answer

        def reply(method, path, query, body):
            if self.manager.applications and self.application.id in path:
                asked.append(path)
                if len(asked) == after:
                    clock.forward(seconds)
            return answer(method, path, query, body)

        self.manager.answer = reply

    def connect(self, *, channel=True, **extra):
        """Set the Airflow connection."""
        if channel:
            extra["channel_directory"] = str(self.channel)
        if self.is_yarn:
            extra.setdefault("yarn_resourcemanager_webapp_address", self.manager.url)
        host = "yarn" if self.is_yarn else f"k8s://{self.manager.url}"
        given = {"conn_type": "spark", "host": host, "extra": extra}
        self._monkeypatch.setenv("AIRFLOW_CONN_SPARK_CLUSTER", json.dumps(given))

    def job(self, text="from airflow_spark_guard.job import report\nreport({'rows': 3})"):
        """A script."""
        script = self.folder / "job.py"
        script.write_text(text)
        return str(script)

    def operator(self, application=None, **kwargs):
        """An operator that submits to the fake."""
        conf = {} if self.is_yarn else {"spark.kubernetes.file.upload.path": "s3a://upload"}
        return SafeSparkSubmitOperator(
            task_id="t",
            application=application or self.job(),
            conn_id="spark_cluster",
            deploy_mode="cluster",
            spark_binary=str(self.binary),
            **{"limits": QUICK, **kwargs, "conf": {**conf, **kwargs.get("conf", {})}},
        )

    def execute(self, application=None, **kwargs):
        """Run one to its end."""
        return self.operator(application, **kwargs).execute(self.context)

    @property
    def context(self):
        return {"ti": self.ti}

    @property
    def application(self):
        """The one that was submitted last."""
        return list(self.manager.applications.values())[-1]


@pytest.fixture
def stand(manager, tmp_path, monkeypatch, airflow_db):
    """On each fake."""
    return Stand(manager, tmp_path, monkeypatch)


@pytest.fixture
def yarn_stand(yarn, tmp_path, monkeypatch, airflow_db):
    """On YARN alone."""
    return Stand(yarn, tmp_path, monkeypatch)


@pytest.fixture
def kubernetes_stand(kubernetes, tmp_path, monkeypatch, airflow_db):
    """On Kubernetes alone."""
    return Stand(kubernetes, tmp_path, monkeypatch)


@pytest.fixture
def log(capsys):
    """What the task log shows."""

    def text():
        shown = capsys.readouterr()
        return shown.out + shown.err

    return SimpleNamespace(text=text)
