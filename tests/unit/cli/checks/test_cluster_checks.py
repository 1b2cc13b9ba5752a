"""Masters that answer, and those that do not."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager

import pytest

from airflow_spark_guard.cli.checks.cluster import Cluster
from airflow_spark_guard.cli.checks.cluster_checks import FitCheck, MasterCheck
from tests.support.setups import setup
from tests.support.web_server import say, serving


@contextmanager
def closed_port():
    """A port of this host at which nothing listens as long as this lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def master(*workers, status="ALIVE"):
    """(its URL, its web page): a stand-in of a standalone master."""
    rows = [
        {"state": "ALIVE", "cores": cores, "coresused": 0, "memory": memory, "memoryused": 0}
        for cores, memory in workers
    ]

    def reply(handler, _):
        state = {
            "url": "spark://m:1",
            "status": status,
            "workers": rows,
            "activeapps": [],
            "completedapps": [],
        }
        say(handler, json.dumps(state).encode())

    with serving(reply) as url:
        yield url.replace("http://", "spark://"), url


def at(tmp_path, url, ui=None, *, conf=(), **given):
    found = setup(tmp_path, conf=conf)
    found.cluster = Cluster(url, "connection spark_x", ui, **given)
    return found


def test_a_master_that_answers_shows_its_workers(tmp_path):
    with master((4, 8192), (2, 1024)) as (url, ui):
        found = at(tmp_path, url, ui)
        (line,) = MasterCheck().run(found)
    assert (line.state, line.what) == ("ok", f"{url}: 2 workers, 6 cores, 9216 MiB")
    assert len(found.cluster.seen.workers) == 2


def test_a_master_at_a_closed_port_is_an_error(tmp_path):
    with closed_port() as port:
        (line,) = MasterCheck().run(at(tmp_path, f"spark://127.0.0.1:{port}"))
    assert line.state == "error"
    assert line.what == f"The master is not reachable: spark://127.0.0.1:{port}: Connection refused."
    assert line.fix == "Start the master, or correct host and port in connection spark_x, or the way to it."


def test_one_of_two_masters_is_enough(tmp_path):
    with master((4, 8192)) as (url, ui), closed_port() as port:
        lines = MasterCheck().run(at(tmp_path, f"{url},127.0.0.1:{port}", ui))
    assert [line.state for line in lines] == ["warning", "ok"]


def test_a_page_elsewhere_is_a_warning_with_the_setting(tmp_path):
    """The job runs; only what the page shows is not known."""
    with master((4, 8192)) as (url, _), closed_port() as port:
        (line,) = MasterCheck().run(at(tmp_path, url, f"http://127.0.0.1:{port}"))
    assert line.state == "warning"
    assert "accepts connections, but its web page gives no usable answer" in line.what
    assert '{"master_ui": "http://host:8090"}' in line.fix


def test_a_master_without_workers_is_a_warning(tmp_path):
    with master() as (url, ui):
        found = at(tmp_path, url, ui)
        (line,) = MasterCheck().run(found)
        assert (line.state, line.fix) == ("warning", "Start one.")
        (line,) = FitCheck().run(found)
    assert line.state == "warning"


def test_an_executor_that_fits_on_no_worker_is_an_error(tmp_path):
    with master((4, 8192), (8, 2048)) as (url, ui):
        found = at(tmp_path, url, ui, conf=("spark.executor.memory=16g", "spark.executor.cores=2"))
        MasterCheck().run(found)
    (line,) = FitCheck().run(found)
    assert line.state == "error"
    assert line.what.startswith("An executor of this job does not fit on any worker of the cluster.")
    assert "Set spark.executor.memory to 8192m or less" in line.fix


def test_the_connections_configuration_counts(tmp_path):
    with master((4, 8192)) as (url, ui):
        found = at(tmp_path, url, ui)
        found.cluster.conf = {"spark.executor.memory": "16g"}
        MasterCheck().run(found)
    assert FitCheck().run(found)[0].state == "error"
    found.conf = ("spark.executor.memory=2g",)
    assert FitCheck().run(found)[0].state == "ok"


@pytest.mark.parametrize(
    ("url", "master_line", "fit_line"),
    [
        ("local[2]", "local[2] runs on this host", "not compared: only a standalone master"),
        ("local-cluster[2,1,1024]", "local-cluster[2,1,1024] runs on this host", "an executor fits"),
        ("mesos-x://m", "not asked: mesos-x://m is of a kind", "not compared: only a standalone"),
    ],
)
def test_other_masters_are_not_asked(tmp_path, url, master_line, fit_line):
    found = at(tmp_path, url)
    for check, text in ((MasterCheck(), master_line), (FitCheck(), fit_line)):
        (line,) = check.run(found)
        assert (line.state, line.what[: len(text)]) == ("ok", text)


def test_without_a_master_nothing_is_asked(tmp_path):
    for check in (MasterCheck(), FitCheck()):
        assert [line.state for line in check.run(setup(tmp_path))] == ["ok"]


def test_yarn_is_asked_for_applications(tmp_path):
    """As the guard does in cluster mode."""
    asked = []

    def reply(handler, _):
        asked.append(handler.path)
        say(handler, b'{"apps": null}')

    with serving(reply) as url:
        (line,) = MasterCheck().run(at(tmp_path, "yarn", extra={"yarn_resourcemanager_webapp_address": url}))
    assert (line.state, line.what) == ("ok", f"YARN answers at {url}")
    assert "applicationTags=" in asked[0]


def test_yarn_that_refuses_us_is_an_error_and_one_without_address_a_warning(tmp_path):
    with serving(lambda handler, _: say(handler, b"{}", 401)) as url:
        (line,) = MasterCheck().run(at(tmp_path, "yarn", extra={"yarn_resourcemanager_webapp_address": url}))
    assert line.state == "error"
    assert line.fix
    (line,) = MasterCheck().run(at(tmp_path, "yarn"))
    assert (line.state, line.what.endswith("Client mode works without it.")) == ("warning", True)
