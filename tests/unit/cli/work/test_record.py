"""A record as text: complete, safe, and with a clear error for what is not one."""

from __future__ import annotations

import json
import time

import pytest

from airflow_spark_guard.process.record import Record
from airflow_spark_guard.process.record_folder import record_folder
from tests.support.measurements import LINES, message_of
from tests.support.spark_guard import run

FAILED = {
    "v": 1,
    "mode": "client",
    "state": "failed",
    "started_at": 1796019846.5,
    "ended_at_s": 110.0,
    "application_id": "app-1",
    "verdict": "STALLED",
    "what": "Stage 5 stood still for 12.3s.",
    "got": "0 of 1 tasks done",
    "advice": "Set a time-out for the call in that line.",
    "place": "/jobs/udf.py:37, ask",
    "limit_s": 12.0,
    "limit_reached_at_s": 32.2,
    "cause": "the watchdog ended it",
    "exit_status": -9,
    "error": {"type": "ValueError", "message": "no x", "traceback": "Traceback\n  line 3\nValueError: no x"},
    "orphans": ["12 java"],
    "observed": [
        {"verdict": "STARVED", "what": "No executor.", "got": "0", "advice": "Wait.", "place": "x:1"}
    ],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "UTC")
        time.tzset()
        yield record_folder(tmp_path / "records", "d", "r", "t", -1, 1)
    time.tzset()


def written(folder, summary=FAILED, output=b"one\ntwo\nthree\n", autopsy="Thread 1\n  a\n  b\n"):
    with Record(folder, 1 << 20) as record:
        record.summary(summary)
        record.output(output)
        if autopsy:
            record.autopsy(autopsy)
    return folder


def test_a_failed_attempt_shows_all_that_is_known(capsys, folder):
    """Verdict first, the end of the output last."""
    code, out, err = run(capsys, "record", written(folder))
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "STALLED",
        "Stage 5 stood still for 12.3s.",
        "  got          0 of 1 tasks done",
        "  do           Set a time-out for the call in that line.",
        "  where        /jobs/udf.py:37, ask",
        "  state        failed",
        "  started      2026-11-30 06:24:06 UTC",
        "  ended        after 1m 50s",
        "  limit        12s, reached 32.2s after the start",
        "  cause        the watchdog ended it",
        "  exit status  -9",
        "  error        ValueError: no x",
        "  retried      once",
        "  application  app-1",
        "  mode         client",
        "  not ended    12 java",
        f"  record       {folder}",
        "",
        "Observed, not ended: STARVED",
        "No executor.",
        "  got    0",
        "  do     Wait.",
        "  where  x:1",
        "",
        "Stacks (autopsy.txt)",
        "Thread 1",
        "  a",
        "  b",
        "",
        "Traceback of the job",
        "Traceback",
        "  line 3",
        "ValueError: no x",
        "",
        "End of the output",
        "one",
        "two",
        "three",
    ]


def test_a_number_of_lines_limits_output_and_stacks(capsys, folder):
    """Of the output the last ones, of the stacks the first."""
    out = run(capsys, "record", written(folder), "--lines", "1")[1]
    assert "Thread 1\n... 2 more lines\n" in out
    assert out.endswith("End of the output\nthree\n")
    assert run(capsys, "record", folder, "--lines", "0")[1].endswith("one\ntwo\nthree\n")


def test_an_attempt_that_runs_is_short(capsys, folder):
    """What is not known yet is left out."""
    summary = {
        "v": 1,
        "state": "running",
        "mode": "cluster",
        "started_at": 1796019846.5,
        "what": "",
        "error": None,
    }
    code, out, _ = run(capsys, "record", written(folder, summary, b"", ""))
    assert code == 0
    assert out.splitlines() == [
        "running",
        "  started  2026-11-30 06:24:06 UTC",
        "  mode     cluster",
        f"  record   {folder}",
    ]


def test_a_record_is_found_by_the_names_of_airflow(capsys, folder, tmp_path, monkeypatch):
    """Below a root, or below Airflow's option."""
    written(folder)
    words = ("record", "--dag", "d", "--run", "r", "--task", "t")
    assert run(capsys, *words, "--root", tmp_path / "records", "--try", "1", "--map", "-1")[0] == 0
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(tmp_path / "records"))
    assert run(capsys, *words)[1].startswith("STALLED\n")
    code, _, err = run(capsys, *words, "--try", "2")
    assert code == 1
    assert "There is no such record." in err
    assert "try-1" in err
    code, _, err = run(capsys, "record", "--dag", "d")
    assert code == 1
    assert "got: without --run, --task" in err


def test_no_text_of_the_job_is_markup_or_moves_the_cursor(capsys, folder):
    """Wherever it stands; secrets are masked although they were written by another program."""
    bad = "[bold]x[/bold] [/] \x1b[31m :smile: password=hunter2"
    written(folder)
    fields = dict.fromkeys(("what", "got", "advice", "place", "cause", "application_id", "mode"), bad)
    rows = {"observed": [fields], "orphans": [bad], "error": {"type": bad, "traceback": bad}}
    (folder / "summary.json").write_text(json.dumps({"v": 1, "state": bad, "verdict": bad, **fields, **rows}))
    for name in ("output.log", "autopsy.txt"):
        (folder / name).write_text(bad)
    code, out, _ = run(capsys, "record", folder)
    assert code == 0
    assert "\x1b" not in out
    assert "hunter2" not in out
    assert out.count("[bold]x[/bold] [/] [31m :smile: password=******") >= 12


def test_values_of_other_types_are_left_out(capsys, folder):
    """Nothing is taken for granted."""
    written(folder)
    wrong = {name: [1] for name in FAILED} | {
        "v": 1,
        "started_at": 1e290,
        "orphans": {},
        "observed": 3,
        "error": 7,
    }
    (folder / "summary.json").write_text(json.dumps(wrong))
    code, out, _ = run(capsys, "record", folder)
    assert code == 0
    assert out.splitlines()[:3] == [
        "unknown state",
        "  started  at a time that does not exist",
        f"  record   {folder}",
    ]


def test_a_damaged_summary_is_shown_as_such(capsys, folder):
    """With what can be read, and exit code 1."""
    written(folder)
    (folder / "summary.json").write_text('{"v": 1, "sta')
    code, out, _ = run(capsys, "record", folder)
    assert code == 1
    assert "End of the output\none\ntwo\nthree\nwarning: summary.json is damaged: Unterminated string" in out


@pytest.mark.parametrize(
    ("text", "what", "got"),
    [
        ('{"v": 2}', "The record has a format that this version cannot read.", "format 2"),
        (None, "The folder is not a record of an attempt.", "an empty folder"),
    ],
)
def test_what_cannot_be_read_is_a_clear_error(capsys, folder, text, what, got):
    """A newer version, a folder of something else."""
    folder.mkdir(parents=True)
    if text:
        (folder / "summary.json").write_text(text)
    code, out, err = run(capsys, "record", folder)
    assert (code, out) == (1, "")
    assert what in err
    assert got in " ".join(err.split())


def test_a_folder_that_does_not_exist_is_a_clear_error(capsys, tmp_path):
    code, _, err = run(capsys, "record", tmp_path / "nowhere")
    assert code == 1
    assert err.startswith("The record does not exist.")


def test_a_path_that_is_a_link_is_followed(capsys, folder, tmp_path):
    """The user names it, not the job."""
    (tmp_path / "latest").symlink_to(written(folder))
    assert run(capsys, "record", tmp_path / "latest")[0] == 0


def test_measurements_of_the_instruments_are_shown_in_short(capsys, folder):
    """Before the stacks: a warning may be the cause."""
    with Record(folder, 1 << 20) as record:
        record.summary(FAILED)
        for line in LINES:
            record.instrument(message_of(line).fields)
    out = run(capsys, "record", folder)[1]
    assert (
        f"\nInstruments\nwarning: {LINES[0]['warning']} (job.py:38)\nwarning: {LINES[3]['warning']}\n" in out
    )
    assert "\nDataFrame predictions_input: lineage depth 42," in out
    assert out.index("Instruments") < out.index("Traceback of the job")
