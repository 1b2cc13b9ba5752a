"""The exceptions of findings, of diagnoses and of error messages; the tracebacks are those of real drivers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.failure.classify import diagnose
from airflow_spark_guard.core.failure.exceptions import (
    error_of,
    error_of_diagnosis,
    error_of_finding,
    error_of_message,
    without_a_line,
)
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.verdict_table import VERDICTS
from airflow_spark_guard.core.watch.finding import Finding
from tests.support.paths import DATA

TOOLCHAIN = DATA / "toolchain"
OWN = {"file": "/jobs/job.py", "line": 3, "function": "<module>"}


@pytest.mark.parametrize("verdict", Verdict)
def test_the_exception_of_a_verdict_is_of_the_class_in_the_table(verdict):
    """From a finding and from a plain sentence."""
    finding = Finding(verdict, "What.", 60.0, 1.0, got="g", expected="e", advice="a")
    error = error_of_finding(finding)
    assert type(error) is type(error_of(verdict, "What.")) is VERDICTS[verdict].exception
    assert (error.verdict, error.limit) == (verdict, 60.0)
    assert (error.what, error.got, error.expected, error.advice) == ("What.", "g", "e", "a")


def test_a_finding_without_a_limit_gives_an_error_without_one():
    """None, as the class says: 0 seconds would be a limit."""
    assert error_of_finding(Finding(Verdict.VANISHED, "What.", 0.0, 1.0)).limit is None


@pytest.mark.parametrize("retry", [None, True, False])
def test_what_the_evidence_says_of_a_retry_goes_along(retry):
    """None: the verdict decides."""
    finding = Finding(Verdict.EXECUTORS_LOST, "What.", 1.0, 1.0, retry=retry)
    assert error_of_finding(finding).retry is retry


def test_what_was_seen_and_what_may_be_left_go_along():
    """Into the log, and into the advice whether to try again."""
    finding = Finding(Verdict.STALLED, "What.", 1.0, 1.0)
    error = error_of_finding(finding, where="a.py:3, f", evidence="Traceback", orphans=("12 java",))
    assert type(error) is errors.StalledError
    assert str(error) == "STALLED: What.\n  where: a.py:3, f\n  possible orphan: 12 java\n\nTraceback"


@pytest.mark.parametrize(
    ("verdict", "advice", "becomes"),
    [
        (Verdict.STALLED, "Set a time-out for the call in that line.", "The line in the worker is not known"),
        (Verdict.DRIVER_SILENT, "If that line may take so long, wait.", "The driver's line is not"),
        (Verdict.STALLED, "Read the executors' stderr.", "Read the executors' stderr."),
        (Verdict.VANISHED, "See that line.", ""),
    ],
)
def test_an_advice_about_a_line_gives_way_where_no_line_is_known(verdict, advice, becomes):
    """Any other advice stays."""
    found = without_a_line(Finding(verdict, "What.", 1.0, 1.0, advice=advice)).advice
    assert found.startswith(becomes)
    assert bool(found) is bool(becomes)


def said(traceback="", message="", frames=(OWN,), category="user", **more):
    fields = {
        "category": category,
        "type": "E",
        "message": message,
        "traceback": traceback,
        "frames": list(frames),
    }
    return error_of_message({**fields, **more}, ("7 sleep",))


def captured(name):
    return (TOOLCHAIN / f"{name}.txt").read_text().partition("\n")[2]


@pytest.mark.parametrize(
    ("name", "kind", "verdict", "place"),
    [
        ("worker_crashed", errors.WorkerCrashedError, Verdict.WORKER_CRASHED, "/jobs/job.py:3, <module>"),
        ("worker_memory", errors.WorkerCrashedError, Verdict.WORKER_CRASHED, "/jobs/worker_memory.py:3, grow"),
        ("worker_segfault", errors.WorkerCrashedError, Verdict.WORKER_CRASHED, "/jobs/worker_segfault.py:4, wild"),
        ("executor_lost", errors.ExecutorsLostError, Verdict.EXECUTORS_LOST, "/jobs/job.py:3, <module>"),
        ("fetch_failed", errors.ExecutorsLostError, Verdict.EXECUTORS_LOST, "/jobs/job.py:3, <module>"),
        ("application_removed", errors.VanishedError, Verdict.VANISHED, "/jobs/job.py:3, <module>"),
        ("starved", errors.StarvedError, Verdict.STARVED, "/jobs/job.py:3, <module>"),
        ("gateway_lost", errors.DriverGoneError, Verdict.JVM_GONE, "/jobs/job.py:3, <module>"),
        ("kryo_buffer", errors.ToolchainError, Verdict.TOOLCHAIN, "/jobs/job.py:3, <module>"),
        ("result_too_large", errors.ToolchainError, Verdict.TOOLCHAIN, "/jobs/job.py:3, <module>"),
        ("none.udf", errors.UserCodeError, Verdict.USER_CODE, "/jobs/none.udf.py:3, ratio"),
        ("none.driver", errors.UserCodeError, Verdict.USER_CODE, "/jobs/job.py:3, <module>"),
    ],
)  # fmt: skip
def test_each_failure_has_its_class_its_verdict_and_its_line(name, kind, verdict, place):
    """The line is the worker's own where a worker sent one, else the script's."""
    error = said(captured(name))
    assert (type(error), error.verdict, error.where) == (kind, verdict, place)


@pytest.mark.parametrize("name", sorted(path.stem for path in TOOLCHAIN.glob("*.txt")))
def test_each_failure_reads_from_the_verdict_to_the_evidence(name):
    """What, got, do and where in the first lines, and then at most 60 lines of evidence."""
    error = said(captured(name))
    head, _, evidence = str(error).partition("\n\n")
    assert _words(head).startswith(_words(f"{error.verdict}: {error.what}"))
    where = f"  where: {error.where}\n" if error.where else ""
    assert f"{where}  possible orphan: 7 sleep" in head
    # The line that starts Spark is not at fault when Spark does not start.
    assert bool(error.where) is (
        "calling None.org.apache.spark.api.java.JavaSparkContext." not in captured(name)
    )
    assert len(evidence.splitlines()) <= 60
    found = diagnose(captured(name))
    if found is not None:
        assert _words(f"got: {found.cause_line} do: {found.advice}") in _words(head)
        assert error.retry is found.retry


@pytest.mark.parametrize("name", sorted(path.stem for path in TOOLCHAIN.glob("*.txt")))
def test_the_evidence_is_the_python_part_in_short(name):
    """The whole traceback stands in the job's output; no stack of the JVM comes a second time."""
    evidence = said(captured(name)).evidence
    assert "\tat " not in evidence
    assert evidence.count("/pyspark.zip/") <= 1, "the innermost frame of a worker that has none of the user's"


def test_a_missing_module_has_an_advice():
    """With the interpreter where the job has named it."""
    text = 'Traceback (most recent call last):\n  File "/jobs/job.py", line 3, in <module>\n'
    text += "ModuleNotFoundError: No module named 'sklearn'"
    fields = {"category": "user", "type": "ModuleNotFoundError", "message": "No module named 'sklearn'"}
    error = error_of_message({**fields, "traceback": text, "frames": [OWN]}, (), "/opt/venv/bin/python")
    assert error.verdict is Verdict.USER_CODE
    assert error.advice.startswith(
        "sklearn is missing in the driver's Python (/opt/venv/bin/python): in client"
    )


def _words(text: str) -> str:
    """Without the ends of wrapped lines."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("frames", "place"),
    [
        ([], ""),
        ([None, 3, "x"], ""),
        ([OWN, {"file": "/x/site-packages/pandas/core.py", "line": 9, "function": "get"}], "/jobs/job.py:3, <module>"),
        ([{"file": "/x/site-packages/tool/__main__.py", "line": 9, "function": "get"}], "/x/site-packages/tool/__main__.py:9, get"),
        ([{}], ""),
        ([{"file": "\x1b[2Jjob.py", "line": 1, "function": "password=hunter2"}], "[2Jjob.py:1, password=******"),
    ],
)  # fmt: skip
def test_the_place_is_the_innermost_frame_of_the_script(frames, place):
    """A library's frame only where there is no other; all of it is untrusted."""
    assert said("Traceback", frames=frames).where == place


def test_an_exit_and_a_bad_result_have_a_place_too():
    """Without a traceback: it would say the same."""
    left = said(category="exit", code=3, message="no input")
    assert (left.what, left.got, left.where) == (
        "The application left with sys.exit(3).",
        "no input",
        "/jobs/job.py:3, <module>",
    )
    bad = said(category="result", message="")
    assert (type(bad), bad.what, bad.evidence) == (errors.ResultError, "The result cannot be reported.", "")


def test_a_diagnosis_keeps_its_own_advice_on_retries():
    """The verdict alone would say otherwise."""
    error = error_of_diagnosis(diagnose("", 52), "last line", ())
    assert (error.verdict, error.retry, error.evidence) == (Verdict.TOOLCHAIN, False, "last line")


@given(
    st.text(max_size=50), st.text(max_size=50), st.sampled_from(["user", "exit", "result", "nonsense"]),
    st.lists(st.none() | st.integers() | st.dictionaries(st.sampled_from(["file", "line"]), st.text(max_size=5))),
)  # fmt: skip
def test_whatever_the_job_says_it_is_an_attempts_error(traceback, message, category, frames):
    """The protocol checks types, and nothing else."""
    assert isinstance(said(traceback, message, frames, category), errors.AttemptError)


def test_an_exception_in_a_python_worker_is_named_by_its_own_name():
    """Spark's class for it says only that there was one."""
    message = (
        "An exception was thrown from the Python worker:\nTraceback (most recent call last):\n"
        '  File "/jobs/prices.py", line 13, in price_of_one\n    return total / quantity\n'
        "ZeroDivisionError: float division by zero"
    )
    error = said(f"pyspark.errors.PythonException: {message}", message, type="PythonException")
    assert error.what == (
        "The application raised ZeroDivisionError: float division by zero (in a Python worker)."
    )
    assert error.where == "/jobs/prices.py:13, price_of_one"
    assert error.advice.startswith("Fix that line, or leave out the rows")


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("prices.BadRow: row 7", "prices.BadRow: row 7"),
        ("KeyError: 'id'\nError: the id is missing", "KeyError: 'id'"),
        (
            (
                "KeyError: 'id'\n\nDuring handling of the above exception, another exception occurred:\n\n"
                'Traceback (most recent call last):\n  File "/jobs/a.py", line 9, in f\n    raise BadRow\nBadRow'
            ),
            "BadRow",
        ),
    ],
)
def test_a_workers_exception_is_the_one_after_its_last_frame(last, expected):
    """Whatever its class is called; further lines of its message may look like one too."""
    message = (
        f'Traceback (most recent call last):\n  File "/jobs/a.py", line 7, in f\n    row["id"]\n{last}\n'
    )
    error = said(f"pyspark.errors.PythonException: {message}", message, type="PythonException")
    assert error.what == f"The application raised {expected} (in a Python worker)."


def test_a_traceback_that_a_script_quotes_is_no_exception_of_a_worker():
    """As of a program that it has started."""
    quoted = 'Traceback (most recent call last):\n  File "/opt/dbt.py", line 7, in run\nValueError: x'
    error = said(f"RuntimeError: dbt failed:\n{quoted}", f"dbt failed:\n{quoted}", type="RuntimeError")
    assert error.what == "The application raised RuntimeError: dbt failed"
