"""``spark-guard report``: a page from an event log or a record."""

import json
import stat

import pytest

from airflow_spark_guard.cli import main
from tests.support.reports import START, write_record

EVENTS = (
    {"Event": "SparkListenerLogStart", "Spark Version": "4.2.0"},
    {
        "Event": "SparkListenerApplicationStart",
        "App Name": "flights",
        "App ID": "app-1",
        "Timestamp": int(START * 1000),
        "User": "me",
    },
    {"Event": "SparkListenerApplicationEnd", "Timestamp": int(START * 1000) + 90_000},
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def log(here):
    (here / "app-1").write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    return here / "app-1"


def test_an_event_log_becomes_a_page_beside_what_it_says(here, log, capsys):
    assert main(["report", "app-1"]) == 0
    page = here / "app-1.html"
    assert "flights ended" in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ENDED: flights ended; it ran no Spark job."
    assert lines[1] == "The watchdog would not have ended this application."
    assert lines[-1] == "Report: app-1.html"


def test_the_page_has_the_name_that_is_asked_for(here, log):
    assert main(["report", str(log), "-o", "page.html"]) == 0
    assert (here / "page.html").read_text().startswith("<!doctype html>")


def test_the_watchdog_is_replayed_with_the_given_limits(log, capsys):
    assert main(["report", str(log), "--limit", "deadline=60s"]) == 0
    assert "DEADLINE" in capsys.readouterr().out


def test_a_record_becomes_its_page(here, capsys):
    folder = write_record(here / "flights" / "manual__1" / "train" / "try-1")
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "STALLED: Stage 3 stood still for 1m."
    assert "flights / manual__1 / train / try-1" in (here / "try-1.html").read_text()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["none"], "none"),
        (["app-1", "--limit", "stall_timeout"], "has no value"),
        (["app-1", "--limit", "stal_timeout=5m"], "stall_timeout"),
        (["app-1", "--core-hour", "-1"], "not a price"),
        (["app-1", "-o", "no/such/folder/x.html"], "cannot be written"),
        (["empty"], "empty"),
        (["other"], "other"),
    ],
)
def test_bad_input_is_one_clear_error(here, log, capsys, words, part):
    (here / "empty").write_text("")
    (here / "other").write_text("hello\n")
    assert main(["report", *words]) == 1
    error = capsys.readouterr().err
    assert part in error
    assert "Traceback" not in error


def test_a_history_server_that_does_not_answer_is_a_clear_error(here, capsys):
    assert main(["report", "app-1", "--history", "http://127.0.0.1:9"]) == 1
    assert "127.0.0.1:9" in capsys.readouterr().err
