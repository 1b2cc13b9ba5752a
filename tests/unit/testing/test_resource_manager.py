"""The fake follows YARN's documentation: field names, null for nothing, 202 for a wish, and its exceptions."""

import json
import urllib.request
from urllib.error import HTTPError

import pytest

from airflow_spark_guard.testing import FakeResourceManager

APPS = "/ws/v1/cluster/apps"


@pytest.fixture
def yarn():
    with FakeResourceManager() as fake:
        yield fake


def ask(url, method="GET", body=None):
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.loads(response.read())
    except HTTPError as error:
        text = error.read()
        return error.code, json.loads(text) if text.startswith(b"{") else text.decode()


def test_an_application_has_the_documented_fields(yarn):
    """Of the Cluster Application API."""
    found = yarn.add("a job", {"spark.yarn.tags": "One,two"})
    status, body = ask(f"{yarn.url}{APPS}/{found.id}")
    assert status == 200
    assert {"id", "state", "finalStatus", "diagnostics", "trackingUrl", "startedTime"} <= body["app"].keys()
    assert (body["app"]["applicationTags"], body["app"]["applicationType"]) == ("one,two", "SPARK")


def test_a_list_is_filtered_and_null_where_it_is_empty(yarn):
    """As YARN writes it."""
    found = yarn.add("a job", {"spark.yarn.tags": "one"}, ["RUNNING"])
    assert ask(f"{yarn.url}{APPS}?applicationTags=two") == (200, {"apps": None})
    assert ask(f"{yarn.url}{APPS}?states=ACCEPTED") == (200, {"apps": None})
    listed = ask(f"{yarn.url}{APPS}?applicationTags=one&states=RUNNING,ACCEPTED")[1]["apps"]["app"]
    assert [app["id"] for app in listed] == [found.id]


def test_a_wish_to_end_is_accepted_and_then_fulfilled(yarn):
    """202 with the state before."""
    found = yarn.add(course=["RUNNING"])
    state = f"{yarn.url}{APPS}/{found.id}/state"
    assert ask(state, "PUT", {"state": "KILLED"}) == (202, {"state": "RUNNING"})
    assert ask(state, "PUT", {"state": "KILLED"}) == (200, {"state": "KILLED"})
    assert ask(state, "PUT", {"state": "NICE"})[0] == 400
    assert ask(f"{yarn.url}{APPS}/{found.id}")[1]["app"]["finalStatus"] == "KILLED"


def test_what_it_does_not_know_is_a_remote_exception(yarn):
    """With the class that YARN names."""
    status, body = ask(f"{yarn.url}{APPS}/application_1_2")
    assert status == 404
    assert body["RemoteException"]["exception"] == "NotFoundException"
    assert ask(f"{yarn.url}{APPS}/{yarn.add().id}/nonsense")[0] == 404


def test_a_refusal_is_text(yarn):
    """As of a secured manager."""
    yarn.refuse = 403
    assert ask(f"{yarn.url}{APPS}") == (403, "The default static user cannot carry out this operation.")
