"""The live page in a browser, on a store of records: hostile names, a store that goes, light and dark, and axe."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from airflow_spark_guard.plugins import access
from airflow_spark_guard.plugins.app import build
from airflow_spark_guard.plugins.store import Store
from tests.support.browser import Console, chromium
from tests.support.live_records import live_fields, put_record
from tools.support.airflow_server import free_port

HOSTILE = "<img src=x onerror=\"document.title='broken'\">"


class Reader:
    def get_name(self):
        return "a reader"


@contextlib.contextmanager
def served(root):
    """The app on loopback, for a user with every right; its address."""
    app = build(Store(lambda: root))
    rights = (access.READS_TASKS, access.READS_LOGS, access.WRITES_RUNS)
    app.dependency_overrides = {access.current_user: Reader, **dict.fromkeys(rights, lambda: None)}
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=(port := free_port()), log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def browser():
    with chromium() as made:
        yield made


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(access, "readable_dags", lambda _: {"etl", HOSTILE})
    monkeypatch.setattr(access, "may_end", lambda *_: True)
    root = tmp_path / "store"
    root.mkdir()
    return root


def hostile_record(root):
    stage = {**live_fields()["stages"][0], "name": HOSTILE, "why": HOSTILE, "doing": HOSTILE}
    warnings = [{"at": 1.0, "text": HOSTILE}]
    fields = live_fields(stages=[stage], warnings=warnings, blind=HOSTILE, application_id=HOSTILE)
    put_record(root, dag=HOSTILE, run=HOSTILE, task=HOSTILE, live=fields)
    put_record(
        root, dag=HOSTILE, run=HOSTILE, task=HOSTILE, number=2, state="failed", verdict=HOSTILE, what=HOSTILE
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_made_of_html_are_text_and_axe_finds_nothing_serious(store, browser, scheme):
    """On both pages."""
    hostile_record(store)
    put_record(store)
    with served(store) as url:
        page = browser.new_page(color_scheme=scheme)
        console = Console(page)
        page.goto(f"{url}/page")
        page.locator("#attempts tr").nth(2).wait_for()
        page.locator("#week summary").press("Enter")
        page.locator("#week-verdicts tr").first.wait_for()
        for found in (Axe().run(page), _attempt(page)):
            serious = [
                one for one in found.response["violations"] if one["impact"] in {"serious", "critical"}
            ]
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious] == []
        assert page.locator("#stages h3").text_content() == f"Stage 3: {HOSTILE}"
        page.wait_for_timeout(300)
        assert "broken" not in page.title().replace(HOSTILE, "")
        assert page.locator("img").count() == 0
        assert [line for line in console.lines if "favicon" not in line and "404" not in line] == []
        page.close()


def _attempt(page):
    page.locator("#attempts .job", has_text="<img").first.click()
    page.locator("#tries button", has_text="Try 1").click()
    page.locator("#stages .stage").wait_for()
    page.locator("#limits-show").press("Enter")
    page.locator("#limits-result:visible").wait_for()
    return Axe().run(page)


def test_the_week_has_its_sums_and_what_they_do_not_know(store, browser):
    """For the DAG that is chosen; opened and closed by the keyboard."""
    cost = {"held_core_s": 7200.0, "idle_core_s": 1800.0, "thrown_away_core_s": 0.0}
    put_record(store, run="good", state="success", cost=cost)
    put_record(
        store, run="bad", state="failed", verdict="STALLED", cost={**cost, "thrown_away_core_s": 5400.0}
    )
    put_record(store, dag=HOSTILE, state="failed", verdict=HOSTILE)
    put_record(store, dag="secret", state="success", cost=cost)
    with served(store) as url:
        page = browser.new_page()
        page.goto(f"{url}/page")
        line = page.locator("#week-line")
        line.get_by_text("2.50 of 4.00 core-hours wasted (63 %), 3 attempts, 1 without a figure").wait_for()
        assert page.locator("#week-verdicts tr").first.is_hidden()
        page.locator("#week summary").press("Enter")
        assert page.locator("#week-parts tr").all_text_contents() == [
            "Idle executors1.0025 %",
            "Failed and repeated tasksnot known",
            "Work of attempts that failed1.5038 %",
            "Wasted in all2.5063 %",
            "Held by executors4.00",
        ]
        rows = page.locator("#week-verdicts tr")
        assert rows.all_text_contents() == ["STALLED12.00100 %", "SUCCESS10.5025 %", "other11not known"]
        assert "1 attempt has no figure" in page.locator("#week-note").text_content()
        page.locator("#dag").select_option("etl")
        line.get_by_text("2 attempts").wait_for()
        assert rows.count() == 2
        page.close()


def test_limits_come_from_the_past_tries_of_the_task(store, browser):
    """On demand; names are text."""
    limits = {"deadline": "1h", "stall_timeout": HOSTILE}
    put_record(store, state="success", ended_at_s=300.0, limits=limits)
    put_record(store, run=HOSTILE, state="failed", verdict="STALLED")
    with served(store) as url:
        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}/attempt?dag_id=etl&run_id=manual__1&task_id=train")
        button = page.locator("#limits-show")
        button.wait_for()
        assert not [one for one in asked if "limits.json" in one]
        button.press("Enter")
        page.locator("#limits-code:visible").wait_for()
        assert (
            page.locator("#limits-code").text_content() == 'GuardLimits(deadline="10m", stall_timeout="2m")'
        )
        rows = page.locator("#limits-rows tr").all_text_contents()
        assert rows[0] == "deadline1h10mThe longest of 1 healthy tries took 5m."
        assert HOSTILE in rows[1]
        assert HOSTILE in page.locator("#limits-outcomes").text_content()
        assert page.locator("#limits-note").text_content().startswith("Read: the 2 newest tries of this task")
        assert page.locator("img").count() == 0
        assert page.evaluate("document.activeElement.id") == "limits-show"
        page.close()


def test_too_few_records_for_limits_are_said(store, browser):
    """In words."""
    put_record(store)
    with served(store) as url:
        page = browser.new_page()
        page.goto(f"{url}/attempt?dag_id=etl&run_id=manual__1&task_id=train")
        page.locator("#limits-show").click()
        page.locator(
            "#limits-trouble", has_text="There is no record of a try of this task that is over."
        ).wait_for()
        assert page.locator("#limits-code").is_hidden()
        page.close()


def test_a_store_that_goes_is_reported_and_one_that_comes_back_is_shown(store, browser):
    """What was shown stays."""
    put_record(store)
    with served(store) as url:
        page = browser.new_page()
        page.goto(f"{url}/page")
        page.locator("#attempts tr").wait_for()
        away = store.rename(store.with_name("away"))
        page.locator("#trouble:visible", has_text="There is no folder").wait_for(timeout=15_000)
        assert page.locator("#attempts tr").count() == 1
        away.rename(store)
        page.locator("#trouble").wait_for(state="hidden", timeout=15_000)
        shutil.rmtree(store / "etl")
        page.locator("#empty:visible").wait_for(timeout=15_000)
        page.close()


def test_a_page_that_is_not_visible_asks_for_nothing(store, browser):
    """And asks at once when it is seen again."""
    put_record(store)
    with served(store) as url:
        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}/page")
        page.locator("#attempts tr").wait_for()
        hide = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}});"
        page.evaluate(hide.format("true"))
        page.wait_for_timeout(2500)
        before = len(asked)
        page.wait_for_timeout(4500)
        assert len(asked) == before
        page.evaluate(hide.format("false") + "document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(1000)
        assert len(asked) > before
        page.close()


def test_a_report_runs_its_script_and_reaches_nothing(store, browser):
    """The job could have written it: no cookie, no request, no way to the page around it."""
    folder = put_record(store, state="failed", verdict="STALLED")
    (folder / "report.html").write_text(
        "<p id=out>none</p><script>out.textContent='ran';"
        "try{parent.document.title='broken'}catch(e){out.textContent+=' alone'}"
        "try{document.cookie}catch(e){out.textContent+=' without cookies'}"
        "fetch('list.json').catch(()=>{out.textContent+=' offline'})</script>"
    )
    with served(store) as url:
        page = browser.new_page()
        page.goto(f"{url}/attempt?dag_id=etl&run_id=manual__1&task_id=train")
        out = page.frame_locator("#report").locator("#out")
        out.get_by_text("ran alone without cookies offline").wait_for(timeout=15_000)
        assert page.title() == "train - Spark guard"
        page.close()
