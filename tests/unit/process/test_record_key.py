"""Keys are untrusted: what is no file of a record never becomes a local path."""

from __future__ import annotations

import pytest

from airflow_spark_guard.process.record_folder import record_folder
from airflow_spark_guard.process.record_key import is_place, record_key

PLACE = "etl/manual__1/train/try-1"


@pytest.mark.parametrize(
    "name",
    [
        "summary.json",
        "live.json",
        "output.tail.12",
        f"request-{'0' * 32}.json",
        f"sample-{'a' * 32}.txt",
        "report.html",
    ],
)
def test_what_an_attempt_writes_is_known(name):
    found = record_key(f"{PLACE}/{name}")
    assert (found.place, found.name, found.key) == (PLACE, name, f"{PLACE}/{name}")


@pytest.mark.parametrize(
    "key",
    [
        "", "summary.json", f"{PLACE}/other.json", f"{PLACE}/x/summary.json", "../../../try-1/summary.json",
        "a/../b/try-1/summary.json", "a/./b/try-1/summary.json", "a/b/c/try-x/summary.json", f"/{PLACE}/summary.json",
        f"{PLACE}/summary.json\n", "a\0/b/c/try-1/summary.json", f"{'a' * 200}/b/c/try-1/summary.json",
        "a/<img>/c/try-1/summary.json", f"{PLACE}.previous/summary.json",
    ],
)  # fmt: skip
def test_anything_else_is_left_alone(key):
    assert record_key(key) is None


def test_the_record_of_an_earlier_run_of_a_try_is_known_where_it_is_asked_for():
    assert is_place(f"{PLACE}.previous", with_previous=True)
    assert is_place(f"{PLACE}.previous-17", with_previous=True)
    assert record_key(f"{PLACE}.previous/summary.json", with_previous=True).place == f"{PLACE}.previous"
    assert not is_place(f"{PLACE}.previous")


@pytest.mark.parametrize("dag", ["d", "é/x", "..", "~", "a b", "d" * 500, "x\ud800", "a+b:c@d=e,f"])
def test_every_place_that_an_attempt_writes_to_is_known(tmp_path, dag):
    folder = record_folder(tmp_path, dag, "r", "t", 3, 12)
    assert is_place("/".join(folder.parts[-4:]))
