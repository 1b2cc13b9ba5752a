"""What a task tells of its application: addresses that may be shown to everybody, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_spark_guard.core.remote import announcement as told
from airflow_spark_guard.core.remote.announcement import RUNNING
from airflow_spark_guard.core.remote.submitting_task import state_from, target_from
from airflow_spark_guard.core.remote.target import Target

APP = "app-20261121031500-0007"


def running(application_id=APP, driver_ui="http://h:4040", **named):
    known = {"master": "spark://h:7077", "master_ui": None, "history_server": ""}
    return told.running_application(application_id, driver_ui, **{**known, **named})


def test_an_application_is_told_with_its_witnesses():
    """As sensors read it."""
    found = running(master_ui="http://h:8081", history_server="https://past/")
    assert found == Target(APP, "", "http://h:4040", "spark://h:7077", "http://h:8081", "https://past")
    value = told.announced(found, RUNNING)
    assert value == {**found.to_json(), "task": "running"}
    assert target_from(value, Target()) == found
    assert state_from(value, APP) == "running"


def test_what_is_not_known_is_left_out():
    """A UI that is off, and a master that is none of a standalone cluster."""
    assert told.announced(running(driver_ui="", master="yarn"), "failed") == {
        "application_id": APP,
        "task": "failed",
    }


@pytest.mark.parametrize("application_id", ["", "a b", "../etc", "app\x1b[2J", "x" * 101, "-rf", "a/b"])
def test_an_id_that_is_none_tells_nothing(application_id):
    """A job may name anything."""
    assert running(application_id) is None


@pytest.mark.parametrize(
    "master", ["local[2]", "yarn", "k8s://https://h", "spark://ann:pw@h:7077", "spark://h\n", "spark://" + "h" * 3000]
)  # fmt: skip
def test_only_a_standalone_master_is_told(master):
    """Without anything that is none of it."""
    assert running(master=master).master == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://",
        "http://[broken",
        "http://h:99999",
        "http://ann:pw@h",
        "http://ann@h",
        "http://h/?token=abc",
        "http://h/#x",
        "http://h\\@other",
        "http://h/\x1b[2J",
        "http://h/a b",
        "http://h/password=hunter2",
        "http://h/" + "x" * 500,
    ],
)
def test_an_address_that_may_not_be_shown_is_none(url):
    """No login, no query, no other scheme."""
    assert told.web_address(url) == ""
    found = running(driver_ui=url, master_ui=url, history_server=url)
    assert found == Target(APP, master="spark://h:7077")
    assert told.record_link(url, Path("/r"), Path("/r/dag")) == ""


@pytest.mark.parametrize(
    ("is_here", "has_launcher", "master", "url"),
    [
        (False, True, "yarn", "http://127.0.0.1:4040"),
        (True, True, "spark://m:7077", ""),
        (True, True, "yarn", None),
        (True, False, "yarn", "http://127.0.0.1:4040"),
    ],
)
def test_an_address_of_this_machine_alone_is_not_told(is_here, has_launcher, master, url):
    """A sensor of a triggerer elsewhere would ask its own machine; who never says a better one has no other."""
    assert (
        told.published_ui("http://127.0.0.1:4040", is_here=is_here, has_launcher=has_launcher, master=master)
        == url
    )


@pytest.mark.parametrize(
    ("named", "conf", "server"),
    [
        (None, {}, ""),
        ("http://past", {told.HISTORY_KEY: "other:18080"}, "http://past"),
        ("past:18080", {}, "http://past:18080"),
        (None, {told.HISTORY_KEY: "past:18080"}, "http://past:18080"),
        (None, {told.HISTORY_KEY: "https://past/spark"}, "https://past/spark"),
        (None, {told.HISTORY_KEY: "${hadoopconf-yarn.resourcemanager.hostname}:18080"}, ""),
    ],
)
def test_the_history_server_is_the_connections_else_the_configurations(named, conf, server):
    """Yarn's may be a variable, which nobody here can read."""
    assert told.history_server(named, conf) == server


@pytest.mark.parametrize(
    ("history", "link"),
    [
        ("", f"http://past/x/history/{APP}/"),
        ("http://127.0.0.1:18080/", f"http://127.0.0.1:18080/history/{APP}/"),
        ("http://me:secret@past", f"http://past/x/history/{APP}/"),
    ],
)
def test_the_history_link_is_the_applications_page(history, link):
    """Where browsers reach it; none without a history server."""
    pages = told.Pages(history)
    assert pages.history_link(running(history_server="http://past/x/")) == link
    assert pages.history_link(running()) == ""


@pytest.mark.parametrize(
    ("pages", "link"),
    [
        (told.Pages(), "http://scheduler:4041"),
        (told.Pages(driver_ui="https://gate/{port}/"), "https://gate/4041"),
        (told.Pages(driver_ui="no address"), "http://scheduler:4041"),
        (told.Pages(has_driver_ui=False), ""),
    ],
)
def test_the_drivers_link_leads_where_browsers_reach_it(pages, link):
    """A driver in a container has an address that a browser outside does not know."""
    assert pages.driver_ui_link(running("app-1", "http://scheduler:4041")) == link
    assert pages.driver_ui_link(running("app-1", "")) == ""


def test_the_record_link_is_the_folder_below_its_address():
    """What a name has quoted already is quoted once more, as a web server unquotes it."""
    root = Path("/var/records")
    folder = root / "dag" / "manual__2026-11-21T00:00:00+00:00" / "my%20task" / "try-1"
    assert told.record_link("https://r/base/", root, folder) == (
        "https://r/base/dag/manual__2026-11-21T00%3A00%3A00%2B00%3A00/my%2520task/try-1/"
    )


def test_the_longest_announcement_is_short():
    """An XCom is a row of Airflow's database."""
    long = "http://" + "h" * 490
    found = running("a" * 100, long, master="spark://" + "m" * 1900, master_ui=long, history_server=long)
    assert len(json.dumps(told.announced(found, "success"))) < 4096


@pytest.mark.parametrize(
    ("target", "link"),
    [
        ({"history_server": "http://past:18080"}, "http://past:18080/history/app-1/"),
        (
            {"history_server": "http://past:18080", "master_ui": "http://m:8080"},
            "http://past:18080/history/app-1/",
        ),
        ({"master_ui": "http://m:8080", "master": "spark://m:7077"}, "http://m:8080/app/?appId=app-1"),
        ({"master": "spark://m:7077"}, ""),
        ({}, ""),
    ],
)
def test_afterwards_the_link_leads_to_what_stays_or_nowhere(target, link):
    """The driver's port is another application's by then; port 8080 of a master is asked before it is told."""
    found = Target("app-1", driver_ui="http://h:4040", **target)
    assert told.Pages().ended_link(found) == link


def test_a_proxy_that_knows_the_application_keeps_its_link():
    """YARN leads on to the history server by itself."""
    url = "http://rm:8088/proxy/application_1_2"
    assert told.Pages().ended_link(Target("application_1_2", driver_ui=url)) == url
    assert told.Pages(has_driver_ui=False).ended_link(Target("application_1_2", driver_ui=url)) == ""


def test_of_an_application_without_an_id_there_is_no_page():
    """Nothing could be asked for it."""
    assert told.Pages().ended_link(Target(name="x", master_ui="http://m:8080")) == ""
