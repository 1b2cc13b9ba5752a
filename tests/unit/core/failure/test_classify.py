"""Which of Spark's own failures a text tells of; the texts are what real drivers saw."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.failure.classify import (
    ROWS,
    Diagnosis,
    diagnose,
    exit_code_meaning,
    worker_place,
)
from airflow_spark_guard.core.failure.failure_text import LONGEST_TEXT
from airflow_spark_guard.core.verdict import Verdict
from tests.support.paths import DATA

FIXTURES = {file.stem: file.read_text() for file in sorted((DATA / "toolchain").glob("*.txt"))}
NOISE = """
26/11/20 23:56:49 WARN SparkContext: Another SparkContext is being constructed
26/11/20 23:56:49 ERROR TaskSchedulerImpl: Lost executor 0 on worker-1: Command exited with code 143
Traceback (most recent call last):
  File "/opt/spark/python/lib/py4j-0.10.9.9-src.zip/py4j/clientserver.py", line 527, in send_command
    raise Py4JNetworkError("Answer from Java side is empty")
py4j.protocol.Py4JNetworkError: Answer from Java side is empty
org.apache.spark.SparkException: Job 0 cancelled because SparkContext was shut down
"""
LONG = 1 << 20


def text_of(name: str) -> str:
    first, text = FIXTURES[name].split("\n", 1)
    assert first.startswith(("# captured: Spark ", "# from Spark's sources: "))
    return text


def status_of(name: str) -> int | None:
    said = re.match(r".*, exit code (-?\d+)\n", FIXTURES[name])
    return int(said[1]) if said else None


def expected(name: str) -> str | None:
    row = name.split(".", maxsplit=1)[0]
    return None if row == "none" else row


def name_of(found: Diagnosis | None) -> str | None:
    return found and found.name


@pytest.mark.parametrize("name", FIXTURES)
def test_each_failure_is_recognised(name):
    """A fixture's name begins with the row it must come to; ``none`` is the user's own failure."""
    found = diagnose(text_of(name), status_of(name))
    assert name_of(found) == expected(name)
    line = found.cause_line.strip(". \t") if found else ""  # it says where it was cut
    assert line[:9] == "exit code" or line in text_of(name)


@pytest.mark.parametrize("name", sorted(FIXTURES.keys() - {"starved"}))
def test_the_noise_of_a_driver_that_goes_down_does_not_hide_the_cause(name):
    """Whatever follows: lost executors, the gateway, the context."""
    assert name_of(diagnose(text_of(name) + NOISE, status_of(name))) == expected(name)


def test_every_row_has_a_fixture_and_a_name_of_its_own():
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
    assert {expected(name) for name in FIXTURES} - {None} == set(names)


def test_fixtures_are_short_and_tell_nothing_of_the_machine_they_come_from():
    for name, text in FIXTURES.items():
        assert len(text) <= 6200, name
        for place in ("/" + "work/", "/" + "root", "/tmp/", "/home/"):
            assert place not in text, name


@pytest.mark.parametrize(
    ("name", "verdict", "retry"),
    [
        ("worker_crashed", Verdict.WORKER_CRASHED, False),
        ("worker_memory", Verdict.WORKER_CRASHED, False),
        ("executor_lost", Verdict.EXECUTORS_LOST, True),
        ("application_removed", Verdict.VANISHED, True),
        ("gateway_lost", Verdict.JVM_GONE, True),
        ("kryo_buffer", Verdict.TOOLCHAIN, False),
        ("no_space", Verdict.TOOLCHAIN, True),
        ("not_picklable", Verdict.USER_CODE, False),
        ("starved", Verdict.STARVED, True),
    ],
)
def test_a_diagnosis_carries_its_verdict_and_whether_to_retry(name, verdict, retry):
    found = diagnose(text_of(name))
    assert found is not None
    assert (found.verdict, found.retry) == (verdict, retry)


def test_a_cause_in_the_log_wins_over_the_noise_in_the_exception():
    """Spark says once that its master is gone; a minute later the script fails on something else."""
    log = "26/11/20 23:56:49 ERROR StandaloneSchedulerBackend: Application has been killed. Reason: {}\n"
    noise = text_of("context_shut_down")
    removed = log.format("Master removed our application: KILLED")
    assert name_of(diagnose(removed + noise)) == "application_removed"
    silent = log.format("All masters are unresponsive! Giving up.")
    assert name_of(diagnose(silent + noise)) == "masters_unresponsive"


def test_a_failure_that_spark_has_repaired_is_not_the_cause_of_the_users():
    """An executor was lost and replaced; later the script raised."""
    lost = "26/11/20 23:56:49 ERROR TaskSchedulerImpl: Lost executor 0: ExecutorLostFailure\n"
    assert diagnose(lost + text_of("none.driver")) is None
    assert name_of(diagnose(lost)) == "executor_lost"


@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 28] No space left on device",
        "TypeError: cannot pickle '_io.TextIOWrapper' object",
        "MemoryError",
        "ModuleNotFoundError: No module named 'pyarrow'",
        "JobError: java.lang.OutOfMemoryError",
    ],
)
def test_an_exception_in_which_spark_has_no_part_is_the_users(line):
    """Whatever its words are, and whatever the log says after it."""
    text = f'Traceback (most recent call last):\n  File "/jobs/x.py", line 3, in <module>\n    f()\n{line}\n'
    assert diagnose(text) is None
    assert diagnose(text + NOISE, 52) is None


def test_a_late_start_is_not_what_a_job_died_of_later():
    """A healthy job on a full cluster says that it got no resources yet."""
    assert name_of(diagnose(text_of("starved") + "\n" + text_of("gateway_lost"))) == "gateway_lost"
    assert diagnose(text_of("starved") + "\n" + text_of("none.driver")) is None


def test_an_exception_raised_from_sparks_is_still_sparks():
    """``raise JobError() from error`` hides nothing."""
    chained = (
        text_of("result_too_large")
        + "\n\nThe above exception was the direct cause of the following exception:\n\n"
        + text_of("none.driver")
    )
    assert name_of(diagnose(chained)) == "result_too_large"


def test_the_exit_code_speaks_where_the_text_does_not():
    """The driver's JVM ends with 52 when its heap is full; a user's exception still goes before it."""
    assert name_of(diagnose("", 52)) == "driver_heap"
    assert name_of(diagnose(text_of("gateway_lost"), 52)) == "driver_heap"
    assert name_of(diagnose("", 53)) == "executor_disk"
    assert diagnose("", 1) is None
    assert diagnose("") is None
    assert diagnose(text_of("none.driver"), 52) is None
    found = diagnose("", 52)
    assert found is not None
    assert found.cause_line == "exit code 52: the JVM ran out of memory (java.lang.OutOfMemoryError)"


@pytest.mark.parametrize("code", [50, 51, 52, 53, 56, 57, 58, 124, 134, 137, 139, 143])
def test_every_exit_code_of_sparks_has_a_meaning(code):
    assert exit_code_meaning(code) != exit_code_meaning(77) == "a code that Spark does not define"


def test_secrets_in_the_line_are_masked_and_the_line_is_short():
    line = f"java.net.ConnectException: jdbc:x://joe:hunter2@db/ password=hunter2 {'x' * 5000}"
    found = diagnose(f"py4j.protocol.Py4JJavaError: {line}")
    assert found is not None
    assert "hunter2" not in found.cause_line
    assert len(found.cause_line) == 300


def test_of_a_long_line_the_sign_is_shown_and_no_half_of_a_secret():
    """Spark writes «Job aborted ... most recent failure: ... Reason: ...» in one line."""
    line = f"org.apache.spark.SparkException: {'x' * 400} password=hunter2{'y' * 215} ExecutorLostFailure (executor 6)"
    found = diagnose(line)
    assert found is not None
    assert found.cause_line.endswith("ExecutorLostFailure (executor 6)")
    assert "yyy" not in found.cause_line


PIECES = st.sampled_from(
    [
        "Traceback (most recent call last):\n", '  File "x.py", line 3, in f\n', "\n", "\tat ", "Caused by: ",
        "During handling of the above exception, another exception occurred:\n", "org.apache.spark.",
        *(text[:400] for text in FIXTURES.values()),
    ]
)  # fmt: skip


@given(st.lists(st.one_of(st.text(max_size=60), PIECES), max_size=12).map("".join), st.integers() | st.none())
def test_any_text_is_read_without_an_error(text, status):
    found = diagnose(text, status)
    assert found is None or len(found.cause_line) <= 300
    assert len(worker_place(text)) <= 300


@pytest.mark.parametrize(
    "text",
    [
        "x" * LONG,
        "\n" * LONG,
        "Exception in " * (LONG // 13),
        'Cannot run program "' * (LONG // 20),
        "Total size of serialized results of " * (LONG // 36),
        "(executor 1 exited " * (LONG // 19),
        "org.apache.spark. Service '" * (LONG // 27),
        '  File "' * (LONG // 8),
        "numpy." * (LONG // 6),
        "Traceback (most recent call last):\n" * (LONG // 35),
        "password=" * (LONG // 9),
    ],
    ids=range(11),
)
def test_no_pattern_goes_over_a_megabyte_again_and_again(text):
    """Once takes part of a second; once from every place, hours."""
    begin = time.process_time()
    diagnose("PythonException: \n" + text)
    worker_place("PythonException: \n" + text)
    assert time.process_time() - begin < 60


def test_of_a_long_text_both_ends_are_read():
    cause = "java.lang.OutOfMemoryError: Java heap space\n"
    filling = "nothing\n" * (LONGEST_TEXT // 4)
    assert name_of(diagnose(cause + filling)) == "driver_heap"
    assert name_of(diagnose(filling + cause)) == "driver_heap"
