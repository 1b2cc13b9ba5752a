"""Which application has a name: one, none yet, or too many."""

from __future__ import annotations

import time

import pytest

from airflow_spark_guard.core.errors import ApplicationError, ConnectionMissingError
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.sources.find_application import find
from tests.support.remote_site import ID, NAME, remote_site


@pytest.fixture
def site():
    with remote_site() as made:
        yield made


def look(site, *witnesses, since=None, name=NAME, **more):
    return find(site.target(*witnesses, name=name), since=time.time() if since is None else since, **more)


@pytest.mark.parametrize("witness", ["driver_ui", "master_ui", "history_server"])
def test_every_witness_knows_a_running_application_by_its_name(site, witness):
    """The others are not needed."""
    site.log = "open"
    before = time.time()
    seen = look(site, witness)
    assert seen.application_id == ID
    assert before - 1 <= seen.at <= time.time() + 1, "a driver's own clock has whole seconds"
    assert look(site, witness, name="other").application_id == ""


def test_a_driver_that_has_run_for_hours_is_found(site):
    """It lists itself with the time of its start alone."""
    site.started -= 7200
    assert look(site, "driver_ui").application_id == ID


def test_two_running_applications_of_one_name_are_an_error_that_lists_both(site):
    """None of them may be taken for the one that was meant."""
    site.others = ["app-2"]
    with pytest.raises(
        ApplicationError, match="^Several running applications are named 'nightly'."
    ) as caught:
        look(site, "master_ui")
    assert caught.value.got == "the master lists app-1, app-2"
    assert "application_id=" in caught.value.advice
    site.others = [f"app-{number}" for number in range(2, 20)]
    with pytest.raises(ApplicationError, match=r"app-10 and 9\s+more"):
        look(site, "master_ui")


@pytest.mark.parametrize("witness", ["master_ui", "history_server"])
def test_an_application_that_ended_before_the_watch_began_is_not_taken(site, witness):
    """It is an earlier run; one that ended since then was ours, and short."""
    site.over()
    assert look(site, witness, since=time.time() + 60).application_id == ""
    assert look(site, witness, since=time.time() - 60).application_id == ID


def test_who_knows_nothing_says_why(site):
    """The next witness is asked; the history server only where nobody else can be."""
    site.driver, site.log = False, "open"
    seen = look(site, "driver_ui", "master_ui", "history_server", name="other")
    assert seen.application_id == ""
    assert dict(seen.silent) == {
        "driver": "applications: HTTP status 500",
        "master": "knows no running application named 'other'",
    }
    assert look(site, "driver_ui", "master_ui").application_id == ID
    assert site.count("/history/") == 0


def test_each_witness_gets_its_own_credentials(site):
    """And certificates that are not there are one clear error."""
    look(
        site, "driver_ui", "master_ui", name="x", access_for=lambda url: Access.bearer(url.rpartition("/")[2])
    )
    assert site.credentials == {"Bearer driver", "Bearer master"}
    with pytest.raises(ConnectionMissingError, match="verify is not a file of certificates"):
        look(site, "driver_ui", access_for=lambda _: Access(verify="/nowhere.pem"))
