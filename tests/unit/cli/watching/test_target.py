"""Which application is watched, and where its driver is."""

from __future__ import annotations

import pytest

from airflow_spark_guard.cli.watching import target as module
from airflow_spark_guard.cli.watching.target import WatchTarget, find_target
from airflow_spark_guard.core.errors import ApplicationError, MonitorError
from tests.support.remote_site import ID, NAME, remote_site
from tests.unit.cli.checks.test_cluster_checks import closed_port

ASK = module._applications


@pytest.fixture
def site():
    with remote_site() as found:
        yield found


def port_of(url):
    return int(url.rpartition(":")[2].partition("/")[0])


def test_an_address_names_the_application_there(site):
    """With and without a scheme."""
    assert find_target(site.driver_ui) == WatchTarget(site.driver_ui, ID, NAME)
    assert find_target(site.driver_ui.removeprefix("http://")).url == site.driver_ui


def test_a_history_server_is_refused(site):
    """It lists what has ended, and applications of others."""
    site.log = "closed"
    with pytest.raises(ApplicationError) as caught:
        find_target(site.history_server)
    assert caught.value.got == f"{site.history_server} lists 0 that run, 1 in all"


@pytest.mark.parametrize("url", ["http://me:hunter2@h:4040", "ftp://h:4040", "http://"])
def test_an_address_that_is_not_one_is_an_error(url):
    """A password in it is not shown."""
    with pytest.raises(ApplicationError) as caught:
        find_target(url)
    assert "hunter2" not in str(caught.value)


def test_an_address_where_nothing_answers_is_an_error_with_advice():
    with closed_port() as port, pytest.raises(MonitorError) as caught:
        find_target(f"http://127.0.0.1:{port}")
    assert "refused the connection" in caught.value.got
    assert "A driver's UI ends with its application" in caught.value.advice


@pytest.mark.parametrize("named", [ID, NAME])
def test_a_master_knows_where_the_driver_is(site, named):
    """By id and by name."""
    found = find_target(named, "spark://boss:7077", site.master_ui)
    assert (found.url, found.id) == (site.driver_ui, ID)


def test_a_master_that_does_not_answer_is_an_error(site):
    site.master = "down"
    with pytest.raises(MonitorError, match="The master gives no usable answer"):
        find_target(NAME, "spark://boss:7077", site.master_ui)


def test_several_of_one_name_are_an_error(site):
    site.others = ["app-2"]
    with pytest.raises(ApplicationError, match="Several running applications are named"):
        find_target(NAME, "spark://boss:7077", site.master_ui)


class Roots:
    """Drivers' UIs at the ports that Spark tries; those of two sites."""

    def __init__(self, monkeypatch, *urls):
        by_port = {port_of(url): url for url in urls}
        monkeypatch.setattr(module, "LOCAL_PORTS", list(by_port))
        monkeypatch.setattr(module, "_applications", lambda url, s: ASK(by_port[port_of(url)], s))


@pytest.mark.parametrize("named", [ID, NAME])
def test_without_a_master_this_hosts_ports_are_tried(site, monkeypatch, named):
    with closed_port() as port:
        Roots(monkeypatch, f"http://127.0.0.1:{port}", site.driver_ui)
        assert find_target(named).id == ID


def test_what_runs_instead_is_listed(site, monkeypatch):
    Roots(monkeypatch, site.driver_ui)
    with pytest.raises(ApplicationError) as caught:
        find_target("other")
    assert caught.value.got.startswith(f"'other'; there run {ID} ({NAME}) at http://127.0.0.1:")
    with remote_site() as second:
        second.id = "app-2"
        Roots(monkeypatch, site.driver_ui, second.driver_ui)
        with pytest.raises(ApplicationError, match="Several running applications on this host"):
            find_target(NAME)
        assert find_target("app-2").id == "app-2"
    Roots(monkeypatch)
    with pytest.raises(ApplicationError) as caught:
        find_target("other")
    assert caught.value.got == "'other'; none runs here"


def test_a_target_knows_its_port_and_whether_it_is_local():
    assert WatchTarget("http://h:4041/x", "local-17", "").port == 4041
    assert (WatchTarget("https://h", "app-1", "").port, WatchTarget("http://h", "app-1", "").port) == (
        443,
        80,
    )
    assert WatchTarget("", "local-17", "").is_local
    assert not WatchTarget("", "app-17", "").is_local
