"""What the task log shows of an attempt, and what goes to its record."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from airflow_spark_guard.attempt.log import AttemptLog
from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.core.failure.client_ending import Cause, ClientEnding
from airflow_spark_guard.core.live.state import LiveState, Moment
from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.protocol import Message
from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.observation import DriverView, Observation, Stage
from airflow_spark_guard.process.record import Record
from tests.support.measurements import LINES, message_of
from tests.support.paths import DATA
from tests.support.task_log import TaskLog

DUMP = DATA / "stacks" / "sigquit.txt"
FINDING = Finding(Verdict.STALLED, "Stage 3 stood still for 10m.", 600.0, 700.0, suspect="worker")


@pytest.fixture
def task():
    return TaskLog()


@pytest.fixture
def record(tmp_path):
    with Record(tmp_path / "record", 1 << 20) as made:
        yield made


@pytest.fixture
def log(task, record):
    return AttemptLog(task, record)


def told(record, name: str) -> str:
    """What the record holds, once it is closed."""
    record.close()
    return (record.folder / name).read_text()


def test_output_is_recorded_raw_and_thread_dumps_are_kept_from_the_log(log, record):
    """A dump of the JVM has thousands of lines; they are for the autopsy."""
    dump = DUMP.read_bytes()
    shown = log.chunk(b"before\n") + log.chunk(dump[:5000]) + log.chunk(dump[5000:]) + log.chunk(b"after")
    shown += log.rest()
    assert b"Full thread dump" not in shown
    assert shown.startswith(b"before\n")
    assert shown.endswith(b"after")
    assert "Full thread dump" in told(record, "output.log")


def test_sparks_warnings_and_errors_have_their_own_level(log, task):
    """With the stack trace that follows; what the job prints is INFO, whatever it says."""
    log.lines(
        [
            "ERROR: mine",
            "26/11/29 12:00:00 WARN TaskSetManager: Lost task 1.0",
            "26/11/29 12:00:00 ERROR TaskSchedulerImpl: Lost executor 1",
            "\tat a.b(C.java:1)",
            "mine",
        ]
    )
    assert task.infos == "ERROR: mine\nmine"
    assert task.warnings == "26/11/29 12:00:00 WARN TaskSetManager: Lost task 1.0"
    assert task.errors == "26/11/29 12:00:00 ERROR TaskSchedulerImpl: Lost executor 1\n\tat a.b(C.java:1)"


def test_the_guards_lines_are_marked_and_the_jobs_are_not(task, record):
    """So that each can be told from the other."""
    log = AttemptLog(MarkedLog(task), record)
    log.lines(["mine"])
    log.message(Message("metric", 0.0, {"values": {"rows": 3}}))
    log.notice("Skew in stage 3")
    assert (task.infos, task.warnings) == ("mine\n[guard] rows=3", "[guard] Skew in stage 3")


def test_the_last_heartbeat_is_shown_at_the_end(log, task):
    """It says how far the job came."""
    for number in (1, 2):
        beat = {"count": number, "text": f"part {number}", "done": number, "total": 3}
        log.message(Message("progress", 0.0, {"stages": [], "heartbeat": beat}))
    assert task.infos == "heartbeat: part 1 (1/3)"
    log.ended(ClientEnding(cause=Cause.COMMAND_ENDED, exit_status=0, seconds=61.0))
    assert task.infos.splitlines()[1] == "heartbeat: part 2 (2/3)"


def test_a_stage_is_named_by_the_last_look(log, task):
    """Messages carry no names; the driver's REST API does."""
    stage = Stage(3, 0, 9, 2, 4, 0, launched=True, name="count at /jobs/job.py:12")
    log.observation(Observation(at=30.0, driver=DriverView(jobs=1, stages=(stage,))))
    row = {"stage": 3, "attempt": 0, "tasks": 9, "active": 2, "done": 4, "failed": 0}
    log.message(Message("progress", 0.0, {"stages": [row]}))
    assert task.infos == "stage 3, count at /jobs/job.py:12: 4/9 tasks, 2 running"


@pytest.mark.parametrize(
    ("kind", "fields", "shown"),
    [
        ("hello", {"pid": 7, "python": "3"}, ""),
        ("hello", {"application_id": "app-1", "ui_url": None}, "Spark application app-1, UI at none"),
        ("hello", {"application_id": "app-1", "ui_url": "http://ui"}, "Spark application app-1, UI at http://ui"),
        ("metric", {"values": {"rows": 3, "loss": 0.5}}, "rows=3, loss=0.5"),
        ("metric", {"values": {"a": 1}, "skipped": 9}, "a=1 (the newest; 9 before it were left out)"),
        (
            "progress",
            {"stages": [{"stage": 3, "attempt": 0, "tasks": 9, "active": 2, "done": 4, "failed": 0}]},
            "stage 3: 4/9 tasks, 2 running",
        ),
        ("progress", {"stages": []}, ""),
        ("bye", {}, ""),
        ("hello", {"application_id": "app\x1b[31m", "ui_url": ""}, "Spark application app[31m, UI at none"),
    ],
)  # fmt: skip
def test_a_message_is_one_line(log, task, kind, fields, shown):
    """Or none; control characters are taken out."""
    log.message(Message(kind, 0.0, fields))
    assert (task.infos, task.warnings) == (shown, "")


def test_warnings_and_notices_are_warnings(log, task):
    """Of the job, and of the watchdog."""
    log.message(Message("warning", 0.0, {"text": "few rows"}))
    log.notice("Skew in stage 3")
    assert (task.infos, task.warnings) == ("", "few rows\nSkew in stage 3")


def test_a_measurement_is_recorded_and_its_warning_is_a_line(task, record):
    """Whoever looks at the attempt sees both, and the job's own warnings, each once."""
    log = AttemptLog(task, record, live=LiveState())
    for line in (*LINES, LINES[0]):
        log.message(message_of(line))
    log.message(Message("warning", 0.0, {"text": "few rows"}))
    fields = log.live.fields(Moment(1.0, 2.0))
    assert [row["text"] for row in fields["warnings"]] == [
        f"{LINES[0]['warning']} (job.py:38)", LINES[3]["warning"], "few rows",
    ]  # fmt: skip
    assert [row["what"] for row in fields["instruments"]] == [*(line["what"] for line in LINES), "closure"]
    assert task.warnings.splitlines() == [
        *(row["text"] for row in fields["warnings"][:2]), fields["warnings"][0]["text"], "few rows",
    ]  # fmt: skip
    assert task.infos == ""
    recorded = [json.loads(line) for line in told(record, "instruments.jsonl").splitlines()]
    assert [row["name"] for row in recorded] == [line["name"] for line in (*LINES, LINES[0])]


def test_warnings_of_a_flood_share_the_budget_of_lines(task, record):
    """The record has them all."""
    log = AttemptLog(task, record, budget=MessageBudget.beside(JobOutput(3)))
    for number in range(10):
        log.message(message_of({**LINES[3], "warning": f"{number} MiB"}))
    assert task.warnings.splitlines() == ["0 MiB", "1 MiB", "2 MiB", "3 MiB"]
    log.messages_end()
    assert "6 of 10 messages of the job (metrics, warnings) were left out" in task.infos
    assert told(record, "instruments.jsonl").count("MiB") == 10


def test_every_look_is_recorded(log, record):
    """As one line of JSON."""
    log.observation(Observation(at=30.0, blind="refused"))
    assert told(record, "observations.jsonl") == '{"at": 30.0, "blind": "refused"}\n'


@pytest.mark.parametrize(
    ("ending", "info", "warning"),
    [
        (
            ClientEnding(cause=Cause.COMMAND_ENDED, exit_status=0, seconds=61.0),
            "Finished after 1m 1s: the command ended, exit code 0, no processes left.",
            "",
        ),
        (
            ClientEnding(
                cause=Cause.FINDING,
                exit_status=None,
                channel_state=ChannelState(bye=True),
                seconds=5.0,
                finding=FINDING,
            ),
            "Finished after 5s: the watchdog ended it, exit code none, no processes left.",
            "",  # that was said before its last look
        ),
        (
            ClientEnding(
                cause=Cause.FINDING,
                exit_status=-9,
                seconds=5.0,
                finding=FINDING,
                orphans=("7 sleep", "app-1"),
            ),
            "Finished after 5s: the watchdog ended it, exit code -9, 2 possible orphans.",
            "Could not confirm termination of: 7 sleep, app-1",
        ),
    ],
)
def test_how_it_ended_is_one_line(log, task, ending, info, warning):
    """And a warning where the error alone would not say it."""
    log.ended(ending)
    assert (task.infos, task.warnings) == (info, warning)


def test_messages_count_toward_the_lines_of_the_log(log, task):
    """A job that reports in its innermost loop does not fill the disk of the log."""
    log.budget = MessageBudget.beside(JobOutput(100))
    for number in range(5000):
        log.message(Message("metric", 0.0, {"values": {"step": number}}))
        log.message(Message("warning", 0.0, {"text": f"warning {number}"}))
    log.ended(ClientEnding(cause=Cause.COMMAND_ENDED, exit_status=0))
    lines = (task.infos + "\n" + task.warnings).splitlines()
    assert len(lines) <= 104
    assert any("of 10000 messages of the job" in line and "log_lines=100" in line for line in lines)


def test_an_observed_finding_is_shown_as_it_would_have_ended_the_job(log, task, record):
    """With where and do; the record keeps each look at the job."""
    taken, rows = [], []
    log.on_observed = taken.append
    log.summary = SimpleNamespace(observed=lambda *row: rows.append(row))
    finding = replace(FINDING, advice="Set a time-out for the call in that line.")
    log.observed(finding, Autopsy("/jobs/a.py:3, fit", ("worker blocked",), "text"), "")
    assert 'Observed, not ended (on_finding="warn"):\nSTALLED: Stage 3 stood still for 10m.' in task.warnings
    assert "  do: Set a time-out for the call in that line.\n  where: /jobs/a.py:3, fit\n" in task.warnings
    assert "worker blocked" in task.warnings
    (error,) = taken
    assert (error.where, error.record) == ("/jobs/a.py:3, fit", record.place)
    assert rows == [(finding, error, None)]


def test_an_observed_finding_that_a_trigger_has_shown_is_reported_alone(log, task):
    """The task log has it already."""
    taken = []
    log.on_observed = taken.append
    log.observed(FINDING, is_shown=True)
    assert (task.warnings, [str(error.verdict) for error in taken]) == ("", ["STALLED"])


@pytest.mark.parametrize("kind", ["warning", "metric"])
def test_what_a_job_reports_is_one_line(log, task, kind):
    """Whatever it holds: it must not look like a line of the guard's or of Spark's."""
    text = "a\n[guard] b\r\n::group::c\u2028##[group]d\u202e\x1b[31m"
    fields = {"text": text} if kind == "warning" else {"values": {text: text}}
    log.message(Message(kind, 1.0, fields))
    line = (task.warnings if kind == "warning" else task.infos).rstrip("\n")
    assert "a [guard] b [group]c [group]d[31m" in line
    assert all(char.isprintable() for char in line)
