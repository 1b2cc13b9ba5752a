"""The live page in a real Airflow, seen by a real browser: a job that hangs is found, sampled and ended."""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
import urllib.error
import urllib.request
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.support.browser import Console, chromium
from tests.support.paths import ROOT
from tools.support.airflow_server import AirflowServer

pytestmark = [pytest.mark.spark, pytest.mark.airflow]
DAGS = Path(__file__).parent / "dags"
PASSWORDS = {name: f"{name}-password" for name in ("boss", "reader", "stranger")}
ROLES = "boss:admin,reader:viewer,stranger:admin"
SHOTS = os.environ.get("SPARK_GUARD_SHOTS", "")


class SignedInServer(AirflowServer):
    """With users and passwords instead of one admin."""

    def call(self, method, path, body=None, *, authorized=True):
        if path == "/auth/token" and method == "GET":
            return self.token_of("boss")
        return super().call(method, path, body, authorized=authorized)

    def token_of(self, user):
        body = {"username": user, "password": PASSWORDS[user]}
        return super().call("POST", "/auth/token", body, authorized=False)


def with_entry_point(folder):
    """A distribution with our plugin's entry point, for an installation that is older than the plugin."""
    group = "airflow.plugins"
    if [one for one in entry_points(group=group) if one.value.startswith("airflow_spark_guard.")]:
        return str(ROOT)
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][group]
    info = folder / "spark_guard_of_the_tests-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: spark-guard-of-the-tests\nVersion: 0\n")
    (info / "entry_points.txt").write_text(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
    )
    return os.pathsep.join([str(ROOT), str(folder)])


@pytest.fixture(scope="module")
def server(tmp_path_factory, airflow_db):
    dags, home = tmp_path_factory.mktemp("dags"), tmp_path_factory.mktemp("airflow")
    shutil.copytree(DAGS, dags, dirs_exist_ok=True)
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps(PASSWORDS))
    environment = {
        "PYTHONPATH": with_entry_point(tmp_path_factory.mktemp("points")),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ROLES,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__AUTH_MANAGER": "tests.integration.live.auth.OneDagAuthManager",
        "AIRFLOW__SPARK_GUARD__RECORD_FOLDER": str(home / "records"),
        "AIRFLOW_CONN_SPARK_DEFAULT": '{"conn_type": "spark", "host": "local[2]", "extra": {"deploy-mode": "client"}}',
    }
    with SignedInServer(home, dags, environment, database=airflow_db) as made:
        yield made


@pytest.fixture(scope="module")
def run(server):
    """The run whose task hangs; its record shows the stage that does not move."""
    started = server.trigger("mine", {})
    live = lambda: list((server.home / "records").glob("mine/*/hung/try-1/live.json"))  # noqa: E731
    server.wait(lambda: live() and '"done": 2' in live()[0].read_text(), 420, "a stage that hangs")
    return started


@pytest.fixture(scope="module")
def browser():
    with chromium() as made:
        yield made


@pytest.fixture
def page_of(server, browser):
    """A browser of a user, signed in as Airflow's own page does it."""
    contexts = []

    def opened(user="", **options):
        context = browser.new_context(viewport={"width": 1360, "height": 900}, **options)
        contexts.append(context)
        if user:
            token = server.token_of(user)["access_token"]
            context.add_cookies([{"name": "_token", "value": token, "url": server.url, "httpOnly": True}])
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def address(server, run, path="attempt.json"):
    return f"{server.url}/spark-guard/{path}?dag_id=mine&run_id={run}&task_id=hung&map_index=-1".replace(
        "+", "%2B"
    )


def status(server, method, url, user="", **headers):
    """The status of a request without a browser."""
    request = urllib.request.Request(url, method=method, headers=headers)
    if user:
        request.add_header("Authorization", f"Bearer {server.token_of(user)['access_token']}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def guarded(page):
    """The frame of our page inside Airflow's."""
    return page.frame_locator("iframe[title='Spark guard']")


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_who_is_not_signed_in_sees_nothing(server, run, page_of):
    """Pages lead to the login, data are refused, and a script cannot be read either."""
    data = ("list.json", "week.json", "attempt.json", "limits.json", "report", "sample")
    for path in (*data, "static/list.js", "openapi.json", "docs"):
        url = address(server, run, path)
        assert status(server, "GET", url) in {401, 404}, path
    for kind in ("stacks", "end"):
        assert status(server, "POST", address(server, run, kind)) == 401
    page = page_of()
    page.goto(f"{server.url}/spark-guard/page")
    assert "/auth/login" in page.url
    assert "hung" not in page.content()


def test_from_the_list_of_dags_to_the_hung_job_in_two_clicks(server, run, page_of):
    """And the seconds without movement go up, against their limit."""
    page = page_of("boss")
    console = Console(page)
    page.goto(f"{server.url}/dags")
    page.get_by_role("link", name="Spark guard").or_(
        page.get_by_role("button", name="Spark guard")
    ).first.click()
    frame = guarded(page)
    frame.locator("#attempts .job").first.wait_for(timeout=60_000)
    shot(page, "list")
    frame.locator("#attempts .job", has_text="hung").click()
    stands = frame.locator("#stages .figure[data-seconds]").first
    stands.wait_for(timeout=60_000)
    for _ in range(10):  # a job that has only begun moves once more
        before = int(stands.get_attribute("data-seconds"))
        page.wait_for_timeout(6000)
        after = int(stands.get_attribute("data-seconds"))
        if after > before:
            break
    assert 3 <= after - before <= 12
    assert " of 15m" in stands.text_content()
    assert frame.locator("#facts").get_by_text("<img src=x onerror").count() == 1
    assert page.title() != "broken"
    shot(page, "attempt")
    assert [line for line in console.lines if "Content Security" in line] == []


def test_the_tab_of_the_task_instance_shows_the_same(server, run, page_of):
    """By the ids that Airflow puts into its address."""
    page = page_of("boss")
    page.goto(f"{server.url}/dags/mine/runs/{run}/tasks/hung")
    page.get_by_role("link", name="Spark guard").last.click()
    frame = guarded(page)
    frame.locator("#stages .stage").first.wait_for(timeout=60_000)
    assert "hung" in frame.locator("#path").text_content()
    shot(page, "tab")


def test_a_viewer_cannot_press_and_a_stranger_sees_nothing(server, run, page_of):
    """403 for the one, an empty list and 403 for the other."""
    page = page_of("reader")
    page.goto(address(server, run, "attempt"))
    page.locator("#stages .stage").first.wait_for(timeout=60_000)
    assert page.locator("#end").is_disabled()
    assert page.locator("#stacks").is_disabled()
    assert page.locator("#actions-note").text_content() == "You may not change runs of this DAG."
    for kind in ("stacks", "end"):
        assert status(server, "POST", address(server, run, kind), "reader") == 403
    stranger = page_of("stranger")
    stranger.goto(f"{server.url}/spark-guard/page")
    stranger.locator("#empty").wait_for(timeout=30_000)
    assert stranger.locator("#attempts tr").count() == 0
    for path in ("attempt.json", "limits.json", "report", "sample"):
        assert status(server, "GET", address(server, run, path), "stranger") == 403
    stranger.locator("#week-line", has_text="No attempt ended in the last 7 days.").wait_for(timeout=30_000)
    assert status(server, "POST", address(server, run, "end"), "stranger") == 403


def test_a_cookie_alone_presses_nothing(server, run):
    """Nor does it with the origin of another host."""
    cookie = {"Cookie": f"_token={server.token_of('boss')['access_token']}"}
    url = address(server, run, "end")
    assert status(server, "POST", url, **cookie) == 403
    assert status(server, "POST", url, Origin=server.url, **cookie) == 403
    foreign = {"Origin": "http://elsewhere.example", "X-Spark-Guard": "1"}
    assert status(server, "POST", url, **foreign, **cookie) == 403
    assert server.task("mine", run, "hung")["state"] == "running"


def test_a_stack_sample_names_the_line_and_ends_nothing(server, run, page_of):
    """Now, not when the limit is reached."""
    page = page_of("boss", color_scheme="dark")
    page.goto(address(server, run, "attempt"))
    page.locator("#stacks:enabled").click(timeout=60_000)
    page.locator("#answers .answer.done").wait_for(timeout=60_000)
    assert re.search(r"hung_job\.py:15, wait_forever", page.locator("#answers").text_content())
    page.locator("#sample:visible").wait_for(timeout=30_000)
    assert "wait_forever" in page.locator("#sample").text_content()
    shot(page, "sample-dark")
    assert server.task("mine", run, "hung")["state"] == "running"


def test_the_end_is_the_guards_and_airflow_does_not_retry(server, run, page_of):
    """The page turns to the verdict, with the user's name and the report."""
    page = page_of("boss")
    console = Console(page)
    page.goto(address(server, run, "attempt"))
    page.locator("#end:enabled").click(timeout=60_000)
    shot(page, "confirm")
    page.locator("#confirm-end").click()
    page.locator("#state", has_text="KILLED").wait_for(timeout=90_000)
    assert "boss ended the job" in page.locator("#what").text_content()
    assert "hung_job.py:15" in page.locator("#place-line").text_content()
    assert "boss ended it" in page.locator("#facts").text_content()
    server.wait(lambda: server.task("mine", run, "hung")["state"] == "failed", 60, "a task that failed")
    assert server.task("mine", run, "hung")["try_number"] == 1, "two retries were left"
    text = server.log("mine", run, "hung", 1)
    assert "boss ends the job on Airflow's page Spark guard." in text
    frame = page.frame_locator("#report")
    frame.locator("h1").wait_for(timeout=60_000)
    assert "KILLED" in frame.locator("h1").text_content()
    frame.locator(".chart svg").first.wait_for(timeout=30_000)
    shot(page, "verdict")
    assert [line for line in console.lines if "Content Security" in line] == []
    page.goto(f"{server.url}/spark-guard/page")
    page.locator("#attempts .chip", has_text="KILLED").wait_for(timeout=30_000)


def test_what_the_ended_job_wasted_is_in_the_sums_of_the_week(server, run, page_of):
    """All that its executors held, because it failed; not in those of a user who may not read its DAG."""
    (summary,) = (server.home / "records").glob("mine/*/hung/try-1/summary.json")
    cost = json.loads(summary.read_text())["cost"]
    assert cost["held_core_s"] > 0
    assert cost["wasted_core_s"] == pytest.approx(cost["held_core_s"], abs=0.3)
    page = page_of("boss")
    page.goto(f"{server.url}/spark-guard/page")
    page.locator("#week-line", has_text="1 attempt").wait_for(timeout=30_000)
    page.locator("#week summary").click()
    assert re.fullmatch(r"KILLED1[<.\d]+100 %", page.locator("#week-verdicts tr").text_content())
    shot(page, "week")
    stranger = page_of("stranger")
    stranger.goto(f"{server.url}/spark-guard/page")
    stranger.locator("#week-line", has_text="No attempt ended in the last 7 days.").wait_for(timeout=30_000)


def test_limits_need_a_try_that_succeeded(server, run, page_of):
    """The only one did not; the page says so."""
    page = page_of("reader")
    page.goto(address(server, run, "attempt"))
    page.locator("#limits-show").click(timeout=60_000)
    trouble = page.locator("#limits-trouble", has_text="1 records, of which none is of a try that succeeded")
    trouble.wait_for(timeout=60_000)
    shot(page, "limits")
