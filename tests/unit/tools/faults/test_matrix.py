"""The matrix itself: what can be said of it without running it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from airflow_spark_guard import GuardLimits
from airflow_spark_guard.core.verdict import Verdict
from tests.support.processes import seconds_until
from tools.faults.case import CONF, HANGS, LIMITS
from tools.faults.cases import CASES, FAULTS, HEALTHY
from tools.faults.harness import JOBS, slug
from tools.faults.load import busy_core
from tools.faults.pairs import HUNG, LOSSES, SLOW
from tools.faults.places import Places
from tools.faults.rows import LATE, expected_lines, short
from tools.faults.traces import thinned

NOT_OF_AN_ATTEMPT = {"", "IMPOSSIBLE", "GONE"}


def test_every_case_has_a_name_and_limits_of_its_own():
    """Names become folders and traces."""
    assert len({slug(case.name) for case in CASES}) == len(CASES)
    for case in CASES:
        GuardLimits(**{**LIMITS, **case.limits})
        assert set(case.expectations) <= {*map(str, Verdict), *NOT_OF_AN_ATTEMPT}


def test_every_hang_checks_the_line_that_it_names():
    """The harness computes the expected lines from the STUCK HERE comments of the row's script."""
    hanging = [case for case in FAULTS if HANGS & set(case.expectations)]
    assert len(hanging) >= 20
    assert [case.name for case in hanging if not case.stuck] == [
        "the executors' Python never reports its port"
    ]
    assert [case.name for case in hanging if case.stuck and not expected_lines(case)] == []


def test_no_comment_marks_a_line_that_no_row_checks():
    """A renamed job would otherwise leave its line unchecked."""
    checked = {(case.job[0], case.stuck) for case in FAULTS}
    marked = {
        (script.name, line.split("STUCK HERE (")[1].split(")")[0])
        for script in JOBS.glob("*.py")
        for line in script.read_text().splitlines()
        if "# STUCK HERE (" in line
    }
    assert marked <= checked


def test_a_hang_beside_something_that_moves_is_timed_from_its_fault():
    """A verdict's own limit starts anew when another stage appears; the fault's time does not."""
    beside = [case for case in HUNG if "beside" in case.name and "DEADLINE" not in case.expectations]
    assert len(beside) >= 3
    assert [case.name for case in beside if not case.due] == []


def test_every_new_kind_of_hang_has_a_healthy_twin():
    """The same script, with what hangs replaced by what takes its time."""
    hung, slow = ({(case.job[0], case.job[2:]) for case in cases} for cases in (HUNG, SLOW))
    assert {("beside.py", ("query",)), ("beside.py", ("rdd",)), ("beside.py", ("exports",))} <= hung & slow
    assert {script for script, _ in slow} - {"reports.py"} <= {script for script, _ in hung}
    assert len(HUNG) + len(LOSSES) + len(SLOW) >= 14


def test_a_healthy_row_lasts_longer_than_what_it_must_not_be_ended_for():
    """A job that ends before the limit proves nothing."""
    lengths = {"beside.py": 20, "tasks.py": 32, "streams.py": 30}
    for case in SLOW:
        if case.job[0] in lengths:
            factor = 3 if case.job[0] == "tasks.py" else 1
            limit = {**LIMITS, **case.limits}["stall_timeout"]
            assert lengths[case.job[0]] > factor * limit, case.name


def test_healthy_cases_expect_success():
    assert [case.name for case in HEALTHY if case.expected] == []
    assert all((JOBS / case.job[0]).exists() for case in HEALTHY)


def test_the_quick_matrix_has_one_case_per_verdict_and_four_healthy_ones():
    """VANISHED needs a manager that forgets an application, UNKNOWN a killed reaper: tests/integration/deaths has that.

    TAKEN_OVER needs two tries at once: tests/unit/hooks/test_safe_spark_submit.py.
    """
    quick = {case.expectations[0] for case in FAULTS if case.quick}
    assert {*map(str, Verdict)} - quick == {"VANISHED", "UNKNOWN", "KILLED", "TAKEN_OVER"}
    assert sum(case.quick for case in HEALTHY) == 4


def test_a_row_is_short_for_each_of_four_reasons():
    case = next(case for case in FAULTS if case.stuck == "lock")
    good = {
        "verdict": "DRIVER_SILENT",
        "orphans": 0,
        "seconds_to_fail": 3.0,
        "named_line": expected_lines(case)[0],
    }
    assert short(case, good) == ""
    assert "verdict none" in short(case, {**good, "verdict": ""})
    assert "2 orphans" in short(case, {**good, "orphans": 2})
    assert "11.0 s to fail" in short(case, {**good, "seconds_to_fail": 11.0})
    assert "names driver.py:1," in short(case, {**good, "named_line": "driver.py:1"})


def test_a_row_that_is_due_from_its_fault_is_short_when_it_comes_late():
    """0.5.0 found a stage 80 s after its hang and said that it stood still for 30 s."""
    case = next(case for case in FAULTS if case.due and case.stuck == "asks")
    good = {"verdict": "STALLED", "orphans": 0, "seconds_to_fail": 3.0, "named_line": expected_lines(case)[0]}
    assert short(case, {**good, "seconds_from_fault": case.due + LATE}) == ""
    assert "80 s from the fault, due at 12 s" in short(case, {**good, "seconds_from_fault": 80})


def test_a_loaded_machine_gets_more_time_and_nothing_else():
    case = next(case for case in FAULTS if case.stuck == "lock")
    row = {"verdict": "", "orphans": 0, "seconds_to_fail": 15.0, "named_line": expected_lines(case)[0]}
    assert short(case, row) == "verdict none; 15.0 s to fail"
    assert short(case, row, slower=2.0) == "verdict none"


def test_a_case_that_waits_makes_room_for_half_a_case():
    """Two that wait leave a whole place; one that computes keeps its own to the end."""
    places = Places(2)
    with places.place(waits=True) as first, places.place(waits=True) as second:
        first()
        second()
        second()  # once is enough
        with places.place(waits=False) as third:
            third()
            assert places.free == 0
        assert places.free == 2
    assert places.free == 4


def test_a_case_without_a_place_waits_for_one():
    places, entered = Places(1), threading.Event()

    def enter():
        with places.place(waits=False):
            entered.set()

    with places.place(waits=True) as settled:
        settled()
        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.is_set()  # half a place is not enough to start in
    thread.join(timeout=10)
    assert entered.is_set()


def test_a_place_is_given_back_when_its_case_fails():
    places = Places(1)

    def fail():
        with places.place(waits=True) as settled:
            settled()
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        fail()
    assert places.free == 2


def test_the_busy_loop_stays_on_one_core_and_ends_with_its_block():
    with busy_core() as loop:
        seconds_until(lambda: len(os.sched_getaffinity(loop.pid)) == 1, 10, "a loop on one core")
        assert Path(f"/proc/{loop.pid}").exists()
    assert loop.returncode == -9
    assert not Path(f"/proc/{loop.pid}").exists()


def test_a_python_that_is_given_to_executors_can_be_run():
    scripts = [case.conf["spark.pyspark.python"] for case in CASES if "spark.pyspark.python" in case.conf]
    assert scripts
    assert all(os.access(script, os.X_OK) for script in scripts)
    assert "spark.pyspark.python" not in CONF


def test_a_long_trace_keeps_its_ends():
    lines = [f"{number:050}" for number in range(1000)]
    kept = thinned(lines, 20_000)
    assert sum(map(len, kept)) + len(kept) <= 20_000
    assert kept[0] == lines[0]
    assert kept[-1] == lines[-1]
