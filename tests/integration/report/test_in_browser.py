"""A report in a real browser: it draws its charts offline, and nothing of the job runs in it."""

import time

import pytest
from axe_playwright_python.sync_playwright import Axe

from airflow_spark_guard.core.history.model import ExecutorHistory, Sample, StageHistory
from airflow_spark_guard.report.contents import Contents, OutputTail
from airflow_spark_guard.report.page import page as drawn
from tests.support.browser import Console, chromium
from tests.support.reports import SUMMARY, at, history

EVIL = (
    '</script><script>document.title="run"</script><img src=x onerror=\'document.title="run"\'>'
    '<a href="javascript:alert(1)">x</a><svg onload=\'document.title="run"\'>'
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(params=["light", "dark"])
def opened(browser, request, tmp_path):
    """Open a page from a file, without network."""
    context = browser.new_context(
        color_scheme=request.param, offline=True, viewport={"width": 1200, "height": 900}
    )

    def show(contents):
        (tmp_path / "report.html").write_text(drawn(contents))
        tab = context.new_page()
        tab.console = Console(tab)
        tab.goto((tmp_path / "report.html").as_uri())
        tab.wait_for_selector("html[data-drawn]", timeout=60_000)
        return tab

    yield show
    context.close()


def contents(**fields):
    known = {"path": "flights / manual__1 / train / try-1", "history": history(), "summary": SUMMARY}
    diagnostics = "== Python stack\nthread:\n  /a/job.py:43, wait\n  /a/job.py:9, run\n"
    return Contents(
        **known | {"diagnostics": diagnostics, "output": OutputTail("a\nb\n", "n", "output.log")} | fields
    )


def test_every_chart_is_drawn_offline_and_nothing_is_refused(opened):
    tab = opened(contents())
    assert tab.locator(".chart .main-svg").count() >= 3
    assert tab.locator("#timeline .bars path").count() == 4
    assert tab.console.lines == []


def test_the_marked_line_is_visible_without_a_click(opened):
    tab = opened(contents())
    assert tab.locator("mark").first.is_visible()
    assert tab.locator("mark").first.inner_text().strip() == "/a/job.py:43, wait"


def test_nothing_of_the_job_runs(opened):
    evil = history(
        id=EVIL,
        name=EVIL,
        stages=(StageHistory(0, 0, name=EVIL, failure=EVIL, submitted=at(1)),),
        executors=(ExecutorHistory(EVIL, EVIL, added=at(1), removed=at(2), reason=EVIL),),
        samples=(Sample(at(1), running=1, cores=1), Sample(at(2), running=1, cores=1)),
        missing=(EVIL,),
    )
    texts = dict.fromkeys(("what", "got", "advice", "place", "verdict", "cause"), EVIL)
    tab = opened(
        contents(
            path=EVIL, history=evil, summary=SUMMARY | texts | {"conf": {EVIL: EVIL}, "orphans": [EVIL]},
            replays=[EVIL], diagnostics=EVIL, output=OutputTail(EVIL, EVIL, "output.log"), trouble=[EVIL],
        )
    )  # fmt: skip
    tab.locator("#timeline .bars path").first.hover(force=True)
    tab.wait_for_timeout(300)
    assert tab.title() != "run"
    assert tab.locator("img, a[href^='javascript']").count() == 0
    assert tab.locator("svg a[href], svg a").count() == 0
    assert tab.console.lines == []


def test_it_can_be_used_without_a_mouse_and_by_a_screen_reader(opened):
    tab = opened(contents())
    faults = Axe().run(tab).response["violations"]
    assert [
        (fault["id"], fault["impact"]) for fault in faults if fault["impact"] in {"serious", "critical"}
    ] == []
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"


def test_it_fits_a_narrow_window(opened):
    tab = opened(contents())
    tab.set_viewport_size({"width": 400, "height": 800})
    tab.wait_for_timeout(500)  # charts follow the window a little later
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400


def test_a_large_application_can_be_used_soon(opened):
    """2,000 stages and 600 samples, as the reader of an event log leaves of 100,000 tasks."""
    stages = tuple(StageHistory(n, 0, name="s", submitted=at(n), completed=at(n + 2)) for n in range(2000))
    samples = tuple(Sample(at(n), running=n % 7, cores=8) for n in range(600))
    begin = time.monotonic()
    tab = opened(contents(history=history(stages=stages, samples=samples, ended=at(2010))))
    tab.evaluate("1")
    assert time.monotonic() - begin < 60, "a hang, not a benchmark"
    assert tab.locator("#stages ~ .scroll tr").count() == 101
