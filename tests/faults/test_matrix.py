"""The matrix itself: what can be said of it without running it."""

from __future__ import annotations

from airflow_spark_guard import GuardLimits
from airflow_spark_guard.core.verdict import Verdict
from tests.faults.cases import CASES, FAULTS, HEALTHY, LIMITS
from tests.faults.harness import JOBS, slug
from tests.faults.rows import expected_lines, short
from tests.faults.traces import thinned

NOT_OF_AN_ATTEMPT = {"", "IMPOSSIBLE", "GONE"}


def test_every_case_has_a_name_and_limits_of_its_own():
    """Names become folders and traces."""
    assert len({slug(case.name) for case in CASES}) == len(CASES)
    for case in CASES:
        GuardLimits(**{**LIMITS, **case.limits})
        assert set(case.expectations) <= {*map(str, Verdict), *NOT_OF_AN_ATTEMPT}


def test_every_python_hang_says_where_it_hangs():
    """The harness computes the expected line from the comment."""
    hanging = [case for case in FAULTS if case.stuck]
    assert len(hanging) >= 8
    for case in hanging:
        assert expected_lines(case), case.name


def test_healthy_cases_expect_success():
    assert [case.name for case in HEALTHY if case.expected] == []
    assert all((JOBS / case.job[0]).exists() for case in HEALTHY)


def test_the_quick_matrix_has_one_case_per_verdict_and_three_healthy_ones():
    """VANISHED needs a manager that forgets an application, UNKNOWN a killed reaper: tests/deaths has that.

    TAKEN_OVER needs two tries at once: tests/hooks/test_safe_spark_submit.py.
    """
    quick = {case.expectations[0] for case in FAULTS if case.quick}
    assert {*map(str, Verdict)} - quick == {"VANISHED", "UNKNOWN", "KILLED", "TAKEN_OVER"}
    assert sum(case.quick for case in HEALTHY) == 3


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


def test_a_long_trace_keeps_its_ends():
    lines = [f"{number:050}" for number in range(1000)]
    kept = thinned(lines, 20_000)
    assert sum(map(len, kept)) + len(kept) <= 20_000
    assert kept[0] == lines[0]
    assert kept[-1] == lines[-1]
