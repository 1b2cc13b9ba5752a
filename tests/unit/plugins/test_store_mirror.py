"""The page on an object store: what it shows of one that is well, slow, gone, or refuses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time

import pytest

from airflow_spark_guard.core.errors import BadInputError, RecordError
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.plugins import asking, store_mirror
from airflow_spark_guard.plugins.attempt_view import attempt_view
from airflow_spark_guard.plugins.listing import Filter
from airflow_spark_guard.plugins.place import Task
from airflow_spark_guard.plugins.store import Store, StoreGoneError
from airflow_spark_guard.plugins.store_mirror import Needs, StoreMirror
from tests.support.live_records import live_fields
from tests.support.object_stores import ROOT, Objects, object_store, put_stored

ADDRESS = StoreAddress("mem://c@bucket/records")
TASK = Task("etl", "r1", "train")
PLACE = "etl/r1/train/try-1"


def summary(state="running", **fields):
    return {
        "v": 1,
        "mode": "client",
        "state": state,
        "started_at": time.time() - 60,
        "ended_at_s": None,
    } | fields


@pytest.fixture
def objects():
    made = Objects()
    put_stored(made, PLACE, summary_json=summary(), live_json=live_fields())
    return made


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(store_mirror, "PAUSE", 0.0)
    monkeypatch.setattr(store_mirror, "WAIT", 0.5)
    monkeypatch.setattr("airflow_spark_guard.plugins.index.SHARED", 0.0)


@pytest.fixture
def store(objects):
    return Store(lambda: ADDRESS, open_store=lambda _: object_store(objects))


def read(store, function, needs=None):
    return asyncio.run(store.read(function, *([needs] if needs is not None else [])))


def listed(store):
    return read(store, lambda _, attempts: attempts.rows(Filter({"etl"})))


def listed_often(store):
    """A look is begun as soon as the last one is as old as it has taken."""
    for _ in range(50):
        listed(store)
        time.sleep(0.05)


def test_the_list_shows_what_runs_and_what_has_ended(store, objects):
    put_stored(
        objects, "etl/r2/train/try-1", summary_json=summary("failed", verdict="STALLED", ended_at_s=9.0)
    )
    found = listed(store)
    assert [(row["run"], row["state"], row["verdict"]) for row in found["rows"]] == [
        ("r1", "running", ""), ("r2", "failed", "STALLED")
    ]  # fmt: skip
    assert found["complete"]
    put_stored(objects, "etl/r3/train/try-1", summary_json=summary("success", ended_at_s=9.0))
    end = time.monotonic() + 10
    while len(listed(store)["rows"]) < 3:
        assert time.monotonic() < end


def test_a_running_attempt_that_nobody_looks_at_for_a_while_is_not_silent(store, objects):
    """The times are the store's."""
    assert (
        read(store, lambda root, _: attempt_view(root, TASK, None), Needs(TASK))["attempt"]["state"]
        == "running"
    )


def test_an_attempts_page_costs_one_list_and_what_has_changed(store, objects):
    view = lambda: read(store, lambda root, _: attempt_view(root, TASK, None), Needs(TASK))  # noqa: E731
    view()
    objects.requests.clear()
    view()
    assert [kind for kind, _ in objects.requests] == ["list"]


def test_a_request_of_a_user_is_in_the_store_and_the_answer_on_the_page(store, objects):
    asked = read(store, lambda root, _: asking.ask(root, TASK, None, "end", "ada"), Needs(TASK, asks=True))
    assert f"{PLACE}/{asked.name}" in objects.names()
    assert json.loads(objects.cat_file(f"{ROOT}/{PLACE}/{asked.name}"))["by"] == "ada"


def test_a_report_is_fetched_when_it_is_asked_for(store, objects):
    put_stored(objects, PLACE, summary_json=summary("success", ended_at_s=9.0), report_html="<p>all of it")
    page = read(store, lambda root, _: attempt_view(root, TASK, None), Needs(TASK))
    assert page["attempt"]["has_report"]
    assert not [path for kind, path in objects.requests if kind == "get" and "report" in path]
    report = read(store, lambda root, _: asking.report(root, TASK, None), Needs(TASK, None, ("report.html",)))
    assert report == b"<p>all of it"


def test_limits_have_the_observations_of_past_tries(store, objects, monkeypatch):
    """Fetched in steps; one step says how far it is."""
    lines = "\n".join(json.dumps(Observation(at=float(at)).to_json()) for at in (1, 2, 3))
    for number in range(3):
        place = f"etl/r{number + 2}/train/try-1"
        put_stored(objects, place, summary_json=summary("success", ended_at_s=9.0), observations_jsonl=lines)
    needs = Needs(TASK, history=True)
    monkeypatch.setattr(store_mirror, "_FETCHING", -1.0)
    with pytest.raises(RecordError, match="being fetched") as caught:
        read(store, lambda _, attempts: attempts.limits(TASK), needs)
    assert caught.value.got == "0 of 3"
    monkeypatch.setattr(store_mirror, "_FETCHING", 5.0)
    found = read(store, lambda _, attempts: attempts.limits(TASK), needs)
    assert (found["done"], found["tries"], found.get("trouble", "")) == (True, 3, "")
    objects.requests.clear()
    read(store, lambda _, attempts: attempts.limits(TASK), needs)
    assert not [path for kind, path in objects.requests if kind == "get" and "observations" in path]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PermissionError("Access Denied"), "Access Denied. The API server needs the Airflow connection"),
        (
            RuntimeError("Could not connect to the endpoint"),
            "Could not connect to the endpoint. The page asks again",
        ),
        (FileNotFoundError("The specified bucket does not exist"), "Nothing was found below"),
    ],
)
def test_a_store_that_fails_gives_the_page_a_reason(store, objects, error, text):
    objects.error = error
    with pytest.raises(StoreGoneError, match=text) as caught:
        listed(store)
    assert ADDRESS.url in str(caught.value)


def test_a_store_that_has_failed_for_a_moment_is_shown_as_it_was_and_then_no_more(
    store, objects, monkeypatch
):
    """Nothing old is shown as if it were new."""
    assert len(listed(store)["rows"]) == 1
    objects.error = RuntimeError("Could not connect")
    assert len(listed(store)["rows"]) == 1
    monkeypatch.setattr(store_mirror, "OLDEST", 0.0)
    with pytest.raises(StoreGoneError, match="Could not connect"):
        listed_often(store)
    objects.error = None
    for _ in range(50):
        with contextlib.suppress(StoreGoneError):
            assert len(listed(store)["rows"]) == 1
            break
        time.sleep(0.05)
    else:
        pytest.fail("it is well again")


def test_a_store_that_hangs_gives_a_reason_and_is_asked_once(store, objects):
    """However many look."""
    objects.hangs.clear()
    objects.requests.clear()
    for _ in range(3):
        with pytest.raises(
            StoreGoneError, match="the first look at it began .* s ago and has found nothing yet"
        ):
            listed(store)
    objects.hangs.set()
    assert len(objects.requests) == 1


def test_a_look_that_takes_longer_than_the_wait_shows_what_is_there(store, objects, monkeypatch):
    """And says that there is more."""
    for number in range(120):
        put_stored(objects, f"etl/m{number:03}/train/try-1", summary_json=summary("success", ended_at_s=1.0))
    gate, real, asked = threading.Event(), objects.cat_file, []

    def cat_file(path, *args, **kwargs):
        asked.append(path)
        if len(asked) > 70:
            gate.wait(60)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(objects, "cat_file", cat_file)
    monkeypatch.setattr(store_mirror, "WAIT", 4.0)
    found = listed(store)
    assert (found["complete"], found["attempts"]) == (False, 50)
    gate.set()
    end = time.monotonic() + 20
    while not (found := listed(store))["complete"]:
        assert time.monotonic() < end
    assert found["attempts"] == 121


def test_a_store_without_a_record_says_so_and_one_that_cannot_be_opened_names_what_to_install(objects):
    empty = Store(lambda: ADDRESS, open_store=lambda _: object_store(Objects()))
    with pytest.raises(StoreGoneError, match="Either no guarded task has run yet"):
        listed(empty)

    def fails(_):
        raise BadInputError("The record store cannot be opened.", got="no s3", advice="pip install x")

    with pytest.raises(StoreGoneError, match="pip install x"):
        listed(Store(lambda: ADDRESS, open_store=fails))


def test_a_copy_that_was_removed_is_made_anew(objects):
    """A day without a reader."""
    import shutil

    mirror = StoreMirror(lambda: object_store(objects))
    mirror.refresh(Needs())
    shutil.rmtree(mirror.root)
    mirror.refresh(Needs(TASK))
    assert (mirror.root / PLACE / "summary.json").exists()


def test_an_option_that_is_not_valid_is_a_reason():
    def fails():
        raise BadInputError("The address of the record store has a password.", advice="Use a connection.")

    with pytest.raises(StoreGoneError, match="has a password"):
        listed(Store(fails))
