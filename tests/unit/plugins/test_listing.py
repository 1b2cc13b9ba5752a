"""The list: filtered by right, DAG, verdict and day; bounded; fast."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from airflow_spark_guard.plugins import index, listing
from airflow_spark_guard.plugins.listing import Attempts, Filter
from tests.support.live_records import put_record

WITHOUT_RIGHTS = Filter(())


@pytest.fixture(autouse=True)
def looks_are_not_shared(monkeypatch):
    monkeypatch.setattr(index, "SHARED", 0.0)


def tasks(found):
    return [row["task"] for row in found["rows"]]


def test_only_dags_that_the_user_may_read_are_listed(tmp_path):
    """Neither their rows nor their names, also if a folder's name is encoded or shortened."""
    long = "d" * 200
    for dag in ("etl", "secret", "a/b", long):
        put_record(tmp_path, dag=dag)
    attempts = Attempts(tmp_path)
    assert attempts.rows(WITHOUT_RIGHTS)["rows"] == []
    found = attempts.rows(Filter(("etl", "a/b", long, "unknown")))
    assert found["dags"] == sorted(["etl", "a/b", long])
    assert {row["dag_id"] for row in found["rows"] if row["dag_id"] in ("etl", "a/b")} == {"etl", "a/b"}
    assert found["attempts"] == 3
    assert "secret" not in str(found)


def test_rows_can_be_chosen_by_dag_state_and_verdict(tmp_path):
    """Running ones come first."""
    put_record(tmp_path, dag="a", task="failed", state="failed", verdict="STALLED")
    put_record(tmp_path, dag="a", task="running", age=10)
    put_record(tmp_path, dag="b", task="good", state="success")
    attempts, dags = Attempts(tmp_path), ("a", "b")
    assert tasks(attempts.rows(Filter(dags)))[0] == "running"
    assert tasks(attempts.rows(Filter(dags, dag_id="b"))) == ["good"]
    assert tasks(attempts.rows(Filter(dags, verdict="STALLED"))) == ["failed"]
    assert tasks(attempts.rows(Filter(dags, verdict="running"))) == ["running"]
    assert tasks(attempts.rows(Filter(dags, dag_id="secret"))) == []


def test_rows_can_be_chosen_by_the_day_on_which_they_ran(tmp_path):
    """Also one that ran over midnight."""
    today = datetime.now(UTC).date()
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC).timestamp()
    put_record(tmp_path, task="today", state="failed", started_at=noon - 100)
    put_record(tmp_path, task="over midnight", state="failed", started_at=noon - 86400.0, ended_at_s=70_000.0)
    put_record(tmp_path, task="before", state="failed", started_at=noon - 3 * 86400.0, ended_at_s=5.0)
    attempts = Attempts(tmp_path)
    on = lambda day: set(tasks(attempts.rows(Filter(("etl",), day=day))))  # noqa: E731
    assert on(today) == {"today", "over midnight"}
    assert on(today - timedelta(days=1)) == {"over midnight"}
    assert on(today - timedelta(days=3)) == {"before"}
    assert on(date(1999, 1, 1)) == set()


def test_a_list_is_bounded_and_says_so(tmp_path, monkeypatch):
    """In number and in time."""
    monkeypatch.setattr(listing, "SHOWN", 3)
    for number in range(5):
        put_record(tmp_path, run=f"r{number}", age=number)
    found = Attempts(tmp_path).rows(Filter(("etl",)))
    assert (len(found["rows"]), found["left_out"], found["attempts"]) == (3, True, 5)
    monkeypatch.setattr(listing, "BUDGET", 0.0)
    assert Attempts(tmp_path).rows(Filter(("etl",)))["left_out"] is True


def test_a_row_of_an_attempt_that_has_ended_is_read_once(tmp_path, monkeypatch):
    """Until its folder changes."""
    read = []
    monkeypatch.setattr(listing, "row_of", lambda folder: read.append(folder.name) or ROW_OF(folder))
    put_record(tmp_path, task="ended", state="success", age=60)
    put_record(tmp_path, task="running")
    attempts = Attempts(tmp_path)
    for _ in range(3):
        assert len(attempts.rows(Filter(("etl",)))["rows"]) == 2
    assert len(read) == 1 + 3
    monkeypatch.setattr(listing, "_KEPT", 0)
    attempts._rows.clear()
    attempts.rows(Filter(("etl",)))
    assert len(attempts._rows) == 0


ROW_OF = listing.row_of


def test_two_hundred_running_attempts_among_many_are_listed_in_time(tmp_path):
    """Measured on two slow cores: docs/live.md has the figures; here only that nothing grows out of hand."""
    for number in range(200):
        put_record(tmp_path, run=f"running{number}")
    for number in range(300):
        put_record(tmp_path, run=f"ended{number}", state="success", age=3600 + number)
    attempts = Attempts(tmp_path)
    found = attempts.rows(Filter(("etl",)))
    assert (len(found["rows"]), found["left_out"], found["attempts"]) == (200, True, 500)
    begin = time.process_time()
    attempts.rows(Filter(("etl",)))
    assert time.process_time() - begin < 2.0
