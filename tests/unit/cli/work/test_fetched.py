"""Commands on an object store: the same words as for a folder, and a clear error where there is none."""

from __future__ import annotations

import json
import time

import pytest

from airflow_spark_guard.cli.work import fetched as module
from airflow_spark_guard.cli.work.fetched import FOR_LIMITS, fetched, fetched_record
from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.process.object_store import ObjectStore
from tests.support.object_stores import Objects, put_stored
from tests.support.spark_guard import run

ROOT = "mem://c@bucket/records"


@pytest.fixture
def objects(monkeypatch):
    made = Objects()

    def open_store(address):
        return ObjectStore(made, "/" + "/".join(("bucket", *address.parts[1:])))

    monkeypatch.setattr("airflow_spark_guard.hooks.object_storage.open_store", open_store)
    lines = "\n".join(json.dumps(Observation(at=float(at)).to_json()) for at in (1, 2, 3))
    for number in (1, 2, 10):
        fields = {"v": 1, "state": "success", "started_at": time.time(), "ended_at_s": 9.0}
        put_stored(
            made,
            f"d/r/t/try-{number}",
            summary_json=fields,
            output_log=f"try {number}\n",
            observations_jsonl=lines,
        )
    return made


def test_a_record_is_shown_by_its_address_and_by_its_names(capsys, objects):
    """The newest try, unless another one is named."""
    code, out, err = run(capsys, "record", f"{ROOT}/d/r/t/try-2")
    assert (code, err) == (0, "")
    assert "try 2" in out
    assert f"{ROOT}/d/r/t/try-2" in out
    named = ("record", "--dag", "d", "--run", "r", "--task", "t", "--root", ROOT)
    assert "try 10" in run(capsys, *named)[1]
    assert "try 1\n" in run(capsys, *named, "--try", "1")[1]
    code, _, err = run(capsys, *named, "--try", "3")
    assert code == 1
    assert "has try-1, try-10, try-2" in err


def test_limits_and_a_report_are_made_of_it(capsys, objects, tmp_path):
    code, out, err = run(capsys, "limits", f"{ROOT}/d")
    assert (code, err) == (0, "")
    assert "GuardLimits" in out
    page = tmp_path / "page.html"
    code, out, _ = run(capsys, "report", f"{ROOT}/d/r/t/try-1", "-o", page)
    assert code == 0
    assert page.stat().st_size > 100_000


def test_old_records_go(capsys, objects):
    code, out, _ = run(capsys, "prune", ROOT, "--older-than", "0s", "--dry-run")
    assert (code, "3 records would be removed" in out) == (0, True)
    code, out, _ = run(capsys, "prune", ROOT, "--older-than", "0s")
    assert (code, objects.names()) == (0, [])


def test_a_store_that_refuses_is_one_clear_error(capsys, objects):
    objects.error = PermissionError("Access Denied")
    for words in (("record", f"{ROOT}/d/r/t/try-1"), ("limits", ROOT), ("prune", ROOT, "--older-than", "1d")):
        code, _, err = run(capsys, *words)
        assert code == 1
        assert "Access Denied" in err
    code, _, err = run(capsys, "record", "s3://key:hidden-4711@b/d/r/t/try-1")
    assert (code, "has a password" in err, "hidden-4711" in err) == (2, True, False)


def test_a_place_of_this_machine_is_itself_and_a_copy_goes_at_the_end(objects, tmp_path):
    with fetched(tmp_path) as place:
        assert place == tmp_path
    with fetched(StoreAddress(ROOT), FOR_LIMITS) as copy:
        assert sorted(path.name for path in (copy / "d/r/t/try-1").iterdir()) == [
            "observations.jsonl",
            "summary.json",
        ]
    assert not copy.exists()
    with fetched_record(StoreAddress(f"{ROOT}/d/r/t/try-1")) as folder:
        assert (folder / "output.log").read_text() == "try 1\n"
    with pytest.raises(RecordError):
        raise module.unreadable(StoreAddress(ROOT), OSError(5, "x"))
