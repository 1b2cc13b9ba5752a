"""What the attempt has left is read, and made safe to show."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.live.request import Answer, Request
from airflow_spark_guard.process.live_reader import LiveFile, answers_of, cleaned, read_live, sample_of
from airflow_spark_guard.process.record_reader import read_record
from tests.support.live_records import put_record


@pytest.fixture
def folder(tmp_path):
    return put_record(tmp_path)


def request(number, at=1000.0):
    return Request(f"{number:032x}", "stacks", "alice", at)


def test_a_live_file_is_read_with_its_time(folder):
    """By the store's clock."""
    live = read_live(read_record(folder))
    assert live.fields["stages"][0]["counted_s"] == 124.0
    assert live.written == pytest.approx((folder / "live.json").stat().st_mtime)
    assert live.trouble == ""


def test_a_record_without_one_is_no_trouble(tmp_path):
    """It has just begun, or an older version has written it."""
    assert read_live(read_record(put_record(tmp_path, live={}))) == LiveFile()


@pytest.mark.parametrize(
    ("text", "trouble"),
    [("nonsense", "damaged"), ("[]", "damaged"), ('{"v": 2}', "cannot read"), ("x" * (1 << 19), "damaged")],
)
def test_what_cannot_be_used_says_so(folder, text, trouble):
    """And shows nothing."""
    (folder / "live.json").write_text(text)
    live = read_live(read_record(folder))
    assert live.fields == {}
    assert trouble in live.trouble


def test_a_link_is_not_followed(folder, tmp_path):
    """The job can write into its record."""
    (tmp_path / "outside.json").write_text('{"v": 1, "note": "outside"}')
    (folder / "live.json").unlink()
    (folder / "live.json").symlink_to(tmp_path / "outside.json")
    live = read_live(read_record(folder))
    assert live.fields == {}
    assert "link" in live.trouble


def test_texts_numbers_and_lists_are_bounded():
    """Whatever a job has written into the file."""
    found = cleaned(
        {"a": "\x1b[31m\u202eevil\n", "b": 1e300, "c": [1] * 500, "d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}
    )
    assert (found["a"], found["b"], len(found["c"])) == ("[31mevil", None, 60)
    assert "i" not in json.dumps(found["d"])
    assert len(cleaned("x" * 10_000)) == 700
    assert cleaned(object()) is None


def test_answers_and_waiting_requests_come_newest_first(folder):
    """A request that was answered is not waiting; what is neither is left out."""
    for number, at in ((1, 1000.0), (2, 3000.0)):
        answer = Answer(request(number, at), "done", "It stands.", 4000.0, has_sample=True)
        (folder / answer.name).write_text(json.dumps(answer.json()))
    for number in (1, 3):
        (folder / request(number, 2000.0).name).write_text(request(number, 2000.0).text())
    (folder / f"answer-{9:032x}.json").write_text("nonsense")
    (folder / f"request-{9:032x}.json").write_text("nonsense")
    (folder / f"answer-{8:032x}.json").mkdir()
    found = answers_of(read_record(folder))
    assert [(one["id"][-1], one["state"]) for one in found] == [
        ("2", "done"),
        ("3", "waiting"),
        ("1", "done"),
    ]


def test_a_sample_is_safe_to_show(folder):
    """Without control characters; empty if it is missing."""
    (folder / f"sample-{1:032x}.txt").write_bytes(b"a line\n\x1b[31mred \xff")
    record = read_record(folder)
    assert sample_of(record, f"{1:032x}") == "a line\n[31mred \ufffd"
    assert sample_of(record, f"{2:032x}") == ""
