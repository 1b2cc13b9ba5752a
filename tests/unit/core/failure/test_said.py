"""What the job said went wrong; the tracebacks are those of real drivers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.failure.classify import diagnose
from airflow_spark_guard.core.failure.said import diagnosed, said_by_the_job
from airflow_spark_guard.core.verdict import Verdict
from tests.support.paths import DATA

TOOLCHAIN = DATA / "toolchain"
OWN = {"file": "/jobs/job.py", "line": 3, "function": "<module>"}


def said(traceback="", message="", frames=(OWN,), category="user", **more):
    fields = {
        "category": category,
        "type": "E",
        "message": message,
        "traceback": traceback,
        "frames": list(frames),
    }
    return said_by_the_job({**fields, **more}, ("7 sleep",))


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
    assert (type(error), error.verdict, error.place) == (kind, verdict, place)


@pytest.mark.parametrize("name", sorted(path.stem for path in TOOLCHAIN.glob("*.txt")))
def test_each_failure_reads_from_the_verdict_to_the_evidence(name):
    """What, got, do and where in the first lines, and then at most 60 lines of evidence."""
    error = said(captured(name))
    head, _, evidence = str(error).partition("\n\n")
    assert _words(head).startswith(_words(f"{error.verdict}: {error.what}"))
    where = f"  where: {error.place}\n" if error.place else ""
    assert f"{where}  possible orphan: 7 sleep" in head
    # The line that starts Spark is not at fault when Spark does not start.
    assert bool(error.place) is (
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
    error = said_by_the_job({**fields, "traceback": text, "frames": [OWN]}, (), "/opt/venv/bin/python")
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
    assert said("Traceback", frames=frames).place == place


def test_an_exit_and_a_bad_result_have_a_place_too():
    """Without a traceback: it would say the same."""
    left = said(category="exit", code=3, message="no input")
    assert (left.what, left.got, left.place) == (
        "The application left with sys.exit(3).",
        "no input",
        "/jobs/job.py:3, <module>",
    )
    bad = said(category="result", message="")
    assert (type(bad), bad.what, bad.evidence) == (errors.ResultError, "The result cannot be reported.", "")


def test_a_diagnosis_keeps_its_own_advice_on_retries():
    """The verdict alone would say otherwise."""
    error = diagnosed(diagnose("", 52), "last line", ())
    assert (error.verdict, error.retry, error.evidence) == (Verdict.TOOLCHAIN, False, "last line")


@given(
    st.text(max_size=50), st.text(max_size=50), st.sampled_from(["user", "exit", "result", "nonsense"]),
    st.lists(st.none() | st.integers() | st.dictionaries(st.sampled_from(["file", "line"]), st.text(max_size=5))),
)  # fmt: skip
def test_whatever_the_job_says_it_is_an_attempts_error(traceback, message, category, frames):
    """The protocol checks types, and nothing else."""
    assert isinstance(said(traceback, message, frames, category), errors.AttemptError)
