"""The table on a terminal."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console

from airflow_spark_guard.cli.watching.picture import Picture, StageLine
from airflow_spark_guard.cli.watching.screen import screen
from airflow_spark_guard.cli.watching.target import WatchTarget
from airflow_spark_guard.core.watch.observation import Executor

TARGET = WatchTarget("http://h:4040", "app-1", "nightly [b]")
STAGE = StageLine((3, 0), "Stage 3 ([red]count[/red])", 10, 5, 2, 1, 30.0, 600.0)


def drawn(picture, trouble="", width=120):
    out = Console(width=width, force_terminal=True, color_system=None, legacy_windows=False)
    with out.capture() as found:
        out.print(screen(TARGET, picture, trouble))
    return [line.rstrip() for line in found.get().splitlines()]


def test_stages_executors_and_lines_are_shown():
    """The time without movement beside its limit; no text is markup."""
    executors = (
        Executor("1", active=True, cores=4, active_tasks=2, gc_ms=50, run_ms=1000, host="node7"),
        Executor("2", active=False, cores=4, reason="exit code 137"),
    )
    lines = drawn(Picture(75.2, 1, (STAGE,), executors, places=("driver is at job.py:1, <module>",)))
    assert lines[0] == "nightly [b]  app-1  http://h:4040"
    assert lines[1] == "1m 15s: 1 job, 1 executor, 4 cores"
    assert lines[2].split() == ["stage", "tasks", "running", "failed", "without", "movement"]
    assert lines[3].startswith("Stage 3 ([red]count[/red])")
    assert lines[3].split()[-6:] == ["5/10", "2", "1", "30s", "(limit:", "10m)"]
    assert "\u2501" in lines[3]
    assert lines[4].startswith("executor")
    assert lines[5].split() == ["1", "node7", "2", "4", "5", "%"]
    assert lines[6].split() == ["2", "4", "gone:", "exit", "code", "137"]
    assert lines[7] == "driver is at job.py:1, <module>"


def test_a_driver_without_a_job_and_trouble_are_sentences():
    lines = drawn(Picture(90.0, idle=65.0), "The driver does not answer.")
    assert lines[2:] == ["No Spark job runs, for 1m 5s.", "The driver does not answer."]
    assert len(drawn(Picture(0.0))) == 2


def test_more_than_fits_is_counted():
    stages = tuple(replace(STAGE, key=(number, 0)) for number in range(13))
    executors = tuple(Executor(str(number), active=True) for number in range(15))
    lines = drawn(Picture(0.0, 1, stages, executors))
    assert [line.strip() for line in lines if line.startswith("and ")] == ["and 3 more", "and 5 more"]


def test_a_narrow_terminal_cuts_names_not_figures():
    line = next(line for line in drawn(Picture(0.0, 1, (STAGE,)), width=90) if line.startswith("St"))
    assert line.endswith("30s (limit: 10m)")
    assert len(line) <= 90


def test_a_stage_without_a_task_says_so():
    lines = drawn(Picture(0.0, 1, (replace(STAGE, limit=None),)))
    assert lines[3].endswith("no task yet")


def test_colours_follow_the_limit():
    """Yellow from half of it on, red from the limit on."""
    out = Console(width=120, force_terminal=True, color_system="standard", legacy_windows=False)
    for stood, code in ((299.0, None), (300.0, "33"), (600.0, "1;31")):
        with out.capture() as found:
            out.print(screen(TARGET, Picture(0.0, 1, (replace(STAGE, failed=0, stood=stood),))))
        line = next(line for line in found.get().splitlines() if "(limit: " in line)
        shown = line[: line.index("(limit: ")].rpartition("\x1b[")[2]
        assert (shown.partition("m")[0] if code else None) == code
