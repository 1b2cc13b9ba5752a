"""What Airflow's log shows of our exceptions."""

from __future__ import annotations

import traceback

import pytest
from airflow.sdk.exceptions import AirflowException

from airflow_spark_guard.core.errors import AttemptDetails, BadInputError, StalledError
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.process.record_folder import record_folder
from airflow_spark_guard.process.spool import Spool
from airflow_spark_guard.task.seam import TRACEBACK, for_log
from tests.support.task_log import TaskLog


def raised_deep(error, depth=12):
    """The error, with as many frames of this package's kind below it."""

    def raise_it(left):
        if left:
            raise_it(left - 1)
        raise error

    try:
        raise_it(depth)
    except type(error) as caught:
        return caught


def seen(error, log, record=None):
    """What a traceback shows once the error is raised from the seam on."""
    with pytest.raises(type(error)) as caught:
        raise for_log(error, log, record) from None
    return caught.value


@pytest.mark.parametrize("error", [StalledError("It stands still."), BadInputError("No such file.")])
def test_no_frame_below_the_seam_is_left(error):
    """Airflow adds its own on the way up; the exception is one of Airflow's, and no seam makes another of it."""
    found = seen(raised_deep(error), TaskLog())
    assert isinstance(found, AirflowException)
    assert len(traceback.extract_tb(found.__traceback__)) == 1


def test_a_cause_is_not_shown_either():
    """Its story is the error's text; the record has the rest."""
    error = raised_deep(BadInputError("No connection."))
    error.__cause__ = KeyError("spark_default")
    found = seen(error, TaskLog())
    assert "KeyError" not in "".join(traceback.format_exception(found))


def test_the_whole_traceback_is_in_the_record(tmp_path):
    """With the cause, secrets masked, for its owner alone."""
    error = raised_deep(StalledError("password=geheim-4711"))
    error.__cause__ = KeyError("spark_default")
    seen(error, TaskLog(), tmp_path)
    text = (tmp_path / TRACEBACK).read_text()
    assert "KeyError: 'spark_default'" in text
    assert "in raise_it" in text
    assert "geheim" not in text
    assert (tmp_path / TRACEBACK).stat().st_mode & 0o777 == 0o600


def test_without_a_record_nothing_is_made(tmp_path):
    """An input error comes before there is one."""
    seen(raised_deep(BadInputError("x")), TaskLog(), tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_evidence_comes_before_the_exception_and_verdict_where_and_do_are_its_last_lines():
    """The log's pane opens at the end."""
    error = StalledError(
        "Stage 3 stood still. " * 8,
        advice="Give that call a time-out. " * 8,
        evidence="frame\n" * 60,
        details=AttemptDetails(where="/jobs/a.py:3, fit", record="/records/1"),
    )
    log = TaskLog()
    found = seen(error, log)
    assert log.warnings == f"Evidence of STALLED:\n{error.evidence}"
    lines = str(found).splitlines()
    assert len(lines) <= 10
    assert lines[0].startswith("STALLED: ")
    assert any(line.startswith("  where: ") for line in lines)
    assert any(line.startswith("  do: ") for line in lines)
    assert str(for_log(found, log, None)) == str(found)
    assert log.warnings.count("Evidence") == 1


def test_evidence_that_the_output_shows_just_above_is_not_shown_again(tmp_path):
    """The record's traceback has it all the same."""
    shown = AttemptDetails(evidence_shown=True)
    log, error = TaskLog(), StalledError("It stands still.", evidence="a.py:3, ask", details=shown)
    text = str(seen(raised_deep(error), log, tmp_path))
    assert "a.py:3" not in text
    assert log.warnings == ""
    assert "a.py:3" in (tmp_path / TRACEBACK).read_text()


def test_of_a_task_that_was_deferred_it_is_added_to_the_store(monkeypatch):
    """There is no local copy any more."""
    left = []
    monkeypatch.setattr("airflow_spark_guard.task.seam.leave_in_store", lambda *what: left.append(what))
    spool = Spool.of(StoreAddress("mem://b"), lambda root: record_folder(root, "d", "r", "t", -1, 1))
    seen(raised_deep(StalledError("It stands still.")), TaskLog(), spool)
    ((place, name, text),) = left
    assert (place, name) == (spool, TRACEBACK)
    assert "in raise_it" in text
