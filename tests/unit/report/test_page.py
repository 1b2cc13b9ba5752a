"""The whole page as text; ``tests/integration/report`` opens it in a browser."""

import json
import re
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_spark_guard.core.history.model import ExecutorHistory, StageHistory
from airflow_spark_guard.core.history.replay import LogReplay
from airflow_spark_guard.core.instruments.recorded import recorded_of
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.report import page as module
from airflow_spark_guard.report.contents import Contents, OutputTail, contents_of_history
from airflow_spark_guard.report.library import ChartLibrary, source_of
from airflow_spark_guard.report.page import page
from airflow_spark_guard.sources.event_log import read_event_log
from tests.support.event_logs import line, small_log, task_end_line, written
from tests.support.measurements import LINES
from tests.support.reports import SUMMARY, at, history

EVIL = "</script><img src=x onerror=alert(1)>\u2028'\"{{7*7}}"


def contents(**fields):
    return Contents(**{"path": "d / r / t / try-1", "history": history(), "summary": SUMMARY} | fields)


def script_text(html, element):
    return re.search(rf'<script[^>]*id="{element}">(.*?)</script>', html, re.DOTALL).group(1)


def test_verdict_and_advice_stand_before_everything_else():
    html = page(contents())
    places = [
        html.index(text) for text in ("STALLED</span>", "Give it a time-out.", "Timeline", "Stages</h2>")
    ]
    assert places == sorted(places)


def test_only_our_script_and_the_library_may_run():
    html = page(contents())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html).group(1)
    policy = unescape(policy)
    own = re.search(r"<script>(.*?)</script>", html, re.DOTALL).group(1)
    assert "default-src 'none'" in policy
    allowed = re.search(r"script-src ([^;]*)", policy).group(1).split()
    assert allowed[0] == f"'{source_of(own.encode())}'"
    assert len(allowed) == 2
    assert not {"'unsafe-inline'", "'unsafe-eval'"} & set(allowed)


def test_texts_of_the_job_are_text_wherever_they_stand():
    evil = history(
        id=EVIL,
        name=EVIL,
        stages=(StageHistory(0, 0, name=EVIL, failure=EVIL, submitted=at(1)),),
        executors=(ExecutorHistory(EVIL, EVIL, added=at(1), removed=at(2), reason=EVIL),),
        missing=(EVIL,),
    )
    summary = SUMMARY | {"what": EVIL, "got": EVIL, "advice": EVIL, "place": EVIL, "verdict": EVIL,
                         "conf": {EVIL: EVIL}, "limits": {EVIL: EVIL}}  # fmt: skip
    html = page(
        contents(
            path=EVIL, history=evil, summary=summary, replays=[EVIL], observed=[EVIL],
            diagnostics=f"== {EVIL}\n{EVIL}", output=OutputTail(EVIL, "n", "output.log"), trouble=[EVIL],
        )
    )  # fmt: skip
    assert "<img" not in html
    assert "49" not in re.sub(r"(?s)<script.*?</script>|<style.*?</style>", "", html).replace(
        "&#34;", ""
    ).replace("&#39;", "")
    assert html.count("<script") == 3


def test_charts_are_json_that_html_cannot_end():
    html = page(contents(history=history(stages=(StageHistory(0, 0, name=EVIL, submitted=at(1)),))))
    text = script_text(html, "figures")
    assert not {"<", ">", "&"} & set(text)
    (timeline, *_) = json.loads(text)
    shown = timeline["data"][0]["hovertext"][0]
    assert "<" not in shown
    assert "&lt;/script&gt;" in shown


def test_without_the_library_the_page_has_its_tables(monkeypatch):
    monkeypatch.setattr(module, "chart_library", lambda: ChartLibrary("", ""))
    html = page(contents())
    assert script_text(html, "library") == ""
    assert "Stages</h2>" in html


def test_a_page_without_the_library_is_small():
    html = page(contents())
    assert len(html) - len(script_text(html, "library")) < 60_000


@pytest.mark.parametrize("summary", [{}, {"conf": 3, "limits": [], "observed": {"a": 1}, "limit_s": 1}])
def test_a_summary_of_another_shape_is_drawn(summary):
    assert "<main" in page(contents(summary=summary))


def test_a_page_with_nothing_to_draw_is_one():
    html = page(Contents("p"))
    assert json.loads(script_text(html, "figures")) == []


FAILED = task_end_line(9, reason={"Reason": "FetchFailed", "Message": "x"})
GONE = line(
    "SparkListenerExecutorRemoved", Timestamp=1_700_000_001_000, Executor_ID="1", Removed_Reason="lost"
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.permutations([*small_log(), FAILED, GONE]), kept=st.integers(1, 14))
def test_a_log_in_any_order_and_of_any_length_is_drawn(tmp_path, lines, kept):
    replay = LogReplay(GuardLimits())
    history = read_event_log(written(tmp_path / "log", lines[:kept]), watcher=replay)
    assert "What the watchdog would have done" in page(
        contents_of_history(history, "log", replayed=replay.replayed())
    )


def test_a_failed_job_shows_its_traceback_and_no_empty_advice():
    failed = page(contents(traceback="Traceback (most recent call last):\nValueError: row 5\n"))
    assert "Traceback</h2>" in failed
    assert "Nothing was found that costs much." not in failed
    good = page(contents(summary={"state": "success"}))
    assert "Traceback</h2>" not in good
    assert "Nothing was found that costs much." in good


def test_a_page_without_charts_is_small():
    html = page(contents(), charts=False)
    assert len(html) < 50_000
    assert "Timeline" not in html
    assert "Stages</h2>" in html


def test_the_instruments_have_a_section_and_their_warnings_are_findings():
    """Above Spark's own tables; without measurements there is no section."""
    html = page(contents(instruments=recorded_of([*LINES, {"left_out": 4}])))
    places = [
        html.index(text)
        for text in (
            "What could be better</h2>", "closure: save_partition</h3>", "Pass it as a broadcast.",
            "Instruments</h2>", "16 measurements are not in the record.", "Closures</h3>",
            '<span class="chip warn">warning</span> save_partition', "DataFrames</h3>", "Broadcasts</h3>",
            "Stages with spill or skew</h3>", "Stages</h2>",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert ">Instruments<" not in page(contents())


def test_names_of_what_was_measured_are_text():
    """In the tables and among the findings."""
    rows = [
        {**line, "name": EVIL, "line": EVIL, "warning": EVIL,
         "values": {**line["values"], "how": EVIL, "type": EVIL, "captured": [{"path": EVIL, "type": EVIL}]}}
        for line in LINES
    ]  # fmt: skip
    html = page(contents(instruments=recorded_of(rows)))
    assert "<img" not in html
    assert html.count("<script") == 3
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") > 10
