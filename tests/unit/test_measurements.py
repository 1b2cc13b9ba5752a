"""Measurements on their whole way: from the job's channel to log, record, report page, live page and terminal."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from airflow_spark_guard.attempt.log import AttemptLog
from airflow_spark_guard.core.live.state import LiveState, Moment
from airflow_spark_guard.job import wire
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.live_reader import read_live
from airflow_spark_guard.process.record import Record
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.report.writing import write_report
from tests.support.measurements import LINES, message_of
from tests.support.reports import SUMMARY
from tests.support.spark_guard import run
from tests.support.task_log import TaskLog

EVIL = "</td><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a record of what a job sends; returns its folder and the task log."""

    def write(*messages):
        channel = tmp_path / "channel.jsonl"
        monkeypatch.setenv(wire.CHANNEL_ENV, str(channel))
        reader, task, live = ChannelReader(channel), TaskLog(), LiveState()
        for fields in messages:
            wire.open_channel().send("instrument", **fields)
        wire.open_channel().send("bye")
        with Record(tmp_path / "d" / "r" / "t" / "try-1", 1 << 20) as record:
            record.summary(SUMMARY)
            log = AttemptLog(task, record, live=live)
            for message in reader.remaining():
                log.message(message)
            record.json_file("live.json", live.fields(Moment(5.0, 1.8e9)))
        reader.close()
        assert write_report(record.folder, 60.0) == ""
        return record.folder, task

    return write


def cells(html, table):
    """The texts of a table of the page."""
    body = re.search(rf'aria-labelledby="{table}"><table>.*?<tbody>(.*?)</tbody>', html, re.DOTALL)[1]
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def test_what_the_job_measures_is_shown_everywhere(written, capsys):
    """Each place says the same."""
    folder, task = written(*(message_of(line).fields for line in LINES))
    warnings = [f"{LINES[0]['warning']} (job.py:38)", LINES[3]["warning"]]
    assert task.warnings.splitlines() == warnings
    record = read_record(folder)
    assert next(row["values"] for row in record.instruments()) == LINES[0]["values"]
    html = (folder / "report.html").read_text()
    assert cells(html, "instruments-closures")[0][:2] == ["warning save_partition", "21.8 MiB"]
    assert cells(html, "instruments-frames")[0][1:4] == ["42", "1", "24"]
    assert cells(html, "instruments-broadcasts")[0][0] == "warning lookup"
    assert cells(html, "instruments-stages")[0][2:4] == ["1 GiB", "17.4"]
    assert all(warning.removesuffix(" (job.py:38)") in unescape(html) for warning in warnings)
    live = read_live(record).fields
    assert [row["text"] for row in live["warnings"]] == warnings
    assert len(live["instruments"]) == 5
    assert f"Instruments\nwarning: {warnings[0]}\n" in run(capsys, "record", folder)[1]


def test_names_made_of_html_run_nothing(written):
    """In the report they are text; the live page sets texts as texts."""
    values = {"bytes": 1, "captured": [{"path": EVIL, "type": EVIL, "bytes": 1}], "type": EVIL, "how": EVIL}
    fields = {"name": EVIL, "line": EVIL, "warning": EVIL, "values": values}
    whats = ("closure", "frame", "checkpoint", "broadcast", "stage")
    folder, task = written(*({"what": what, **fields} for what in whats))
    html = (folder / "report.html").read_text()
    assert "<img" not in html
    assert html.count("<script") == 3
    assert cells(html, "instruments-closures")[0][0] == f"warning {EVIL}"
    assert EVIL in task.warnings
    json.dumps(dict(read_live(read_record(folder)).fields))
