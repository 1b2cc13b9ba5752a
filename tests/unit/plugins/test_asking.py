"""What a page asks of one attempt."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.plugins.asking import ask, report, sample
from airflow_spark_guard.plugins.place import Task
from tests.support.live_records import live_fields, put_record

TASK = Task.of_ids("etl", "manual__1", "train")


def test_a_running_attempt_gets_the_request(tmp_path):
    """In its record."""
    folder = put_record(tmp_path)
    asked = ask(tmp_path, TASK, None, "end", "alice")
    assert (folder / asked.name).exists()
    assert (asked.kind, asked.by) == ("end", "alice")


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"state": "success"}, "See the page"),
        ({"state": "deferred"}, "A trigger watches"),
        ({"age": 600}, "worker may be gone"),
        ({"live": {}}, "worker may be gone"),
        ({"live": live_fields(requests=["end"])}, "See the page"),
        ({"live": live_fields(requests="stacks")}, "See the page"),
    ],
)
def test_any_other_gets_none(tmp_path, fields, advice):
    """The reason is for the user."""
    folder = put_record(tmp_path, **fields)
    with pytest.raises(RecordError, match="does not answer this request") as caught:
        ask(tmp_path, TASK, 1, "stacks", "alice")
    assert advice in caught.value.advice
    assert not list(folder.glob("request*"))


def test_a_try_that_does_not_exist_is_an_error(tmp_path):
    """It lists those that do."""
    with pytest.raises(RecordError, match="no such attempt"):
        ask(tmp_path, TASK, None, "end", "alice")
    put_record(tmp_path)
    with pytest.raises(RecordError) as caught:
        ask(tmp_path, TASK, 9, "end", "alice")
    assert (caught.value.got, caught.value.expected) == ("try 9", "1")


def test_a_report_and_a_sample_are_read(tmp_path):
    """A report that is missing is an error with advice."""
    folder = put_record(tmp_path, state="failed")
    with pytest.raises(RecordError, match="has no report"):
        report(tmp_path, TASK, None)
    (folder / "report.html").write_text("<p>")
    (folder / f"sample-{1:032x}.txt").write_text("stacks")
    assert report(tmp_path, TASK, 1) == b"<p>"
    assert sample(tmp_path, TASK, 1, f"{1:032x}") == "stacks"
