"""Which records go from a store: the rules of folders, few requests, and nothing that is no record."""

from __future__ import annotations

import time

import pytest

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.process.object_retention import prune_store
from airflow_spark_guard.process.retention import Retention
from tests.support.object_stores import ROOT, Objects, object_store, put_stored

DAY = 86400.0
ENDED, RUNNING = {"v": 1, "state": "success"}, {"v": 1, "state": "running"}


@pytest.fixture
def objects():
    """Five records, one a day; the oldest runs."""
    made = Objects()
    for day in range(5):
        put_stored(
            made, f"d/r{day}/t/try-1", summary_json=RUNNING if day == 4 else ENDED, output_log="x" * 1000
        )
        age(made, f"d/r{day}/", day + 0.5)
    return made


def age(objects, part, days):
    import datetime as dt

    for name, file in objects.store.items():
        if part in name:
            file.created = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
            file.modified = file.created


def runs(objects):
    return sorted({name.split("/")[1] for name in objects.names() if name.startswith("d/")})


def test_what_is_too_old_goes_whole_and_one_that_may_run_stays(objects):
    done = prune_store(object_store(objects), Retention(max_age=2 * DAY))
    assert runs(objects) == ["r0", "r1", "r4"]
    assert [record.place[1] for record in done.removed] == ["r2", "r3"]
    assert (done.kept, done.running, done.complete, done.failed) == (3, 1, True, [])
    assert done.freed > 2000
    late = EpochTime(time.time() + 10 * DAY)
    assert [
        one.place[1]
        for one in prune_store(object_store(objects), Retention(max_age=8 * DAY), now=late).removed
    ] == ["r0", "r1", "r4"]


def test_beyond_the_size_the_oldest_go(objects):
    done = prune_store(object_store(objects), Retention(max_size=2200))
    assert runs(objects) == ["r0", "r4"]
    assert done.kept_size <= 2200


def test_a_dry_run_removes_nothing(objects):
    before = objects.names()
    assert len(prune_store(object_store(objects), Retention(max_age=DAY), dry_run=True).removed) == 3
    assert objects.names() == before


def test_only_summaries_of_records_that_may_go_are_read(objects):
    objects.requests.clear()
    prune_store(object_store(objects), Retention(max_age=3 * DAY))
    assert [path for kind, path in objects.requests if kind == "get"] == [
        f"{ROOT}/d/r3/t/try-1/summary.json", f"{ROOT}/d/r4/t/try-1/summary.json"
    ]  # fmt: skip
    assert [kind for kind, _ in objects.requests].count("list") == 1


def test_what_is_no_record_of_ours_stays(objects):
    put_stored(objects, "d/r9/t/try-1", summary_json={"other": 1})
    put_stored(objects, "d/r9/t/data", summary_json=ENDED)
    put_stored(objects, "d/r9/t/try-2", output_log="x")
    put_stored(objects, "d/r8/t/try-1.previous", summary_json=ENDED)
    age(objects, "d/r", 30)
    prune_store(object_store(objects), Retention(max_age=DAY))
    assert [name for name in objects.names() if "/r9/" in name] == [
        "d/r9/t/data/summary.json", "d/r9/t/try-1/summary.json", "d/r9/t/try-2/output.log"
    ]  # fmt: skip
    assert "r8" not in runs(objects)


def test_a_store_that_refuses_is_named_and_the_summary_stays(objects):
    real = objects.rm

    def rm(paths, **kwargs):
        if any("r3" in path for path in paths):
            raise PermissionError("Access Denied")
        return real(paths, **kwargs)

    objects.rm = rm
    done = prune_store(object_store(objects), Retention(max_age=2 * DAY))
    assert done.failed == ["d/r3/t/try-1: Access Denied"]
    assert runs(objects) == ["r0", "r1", "r3", "r4"]


def test_without_time_nothing_goes_by_size(objects):
    done = prune_store(object_store(objects), Retention(max_age=DAY, max_size=1), budget=-1.0, start=0.9)
    assert (done.complete, len(done.removed)) == (False, 0)
