"""The routes: each asks who the user is; what cannot be answered has a reason."""

from __future__ import annotations

import json
import warnings

import pytest
from fastapi import HTTPException

from airflow_spark_guard.plugins import access
from airflow_spark_guard.plugins.app import build
from airflow_spark_guard.plugins.pages import KINDS
from airflow_spark_guard.plugins.store import Store
from tests.support.live_records import put_record

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

TASK = "dag_id=etl&run_id=manual__1&task_id=train"
OURS = {"X-Spark-Guard": "1", "Origin": "http://testserver"}


@pytest.fixture
def airflow(airflow_db):
    """The real auth manager; a user of each role with a token of its own."""
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    manager = create_auth_manager()
    manager.init()

    def token(role):
        user = SimpleAuthManagerUser(username=f"the {role}", role=role)
        return {"Authorization": f"Bearer {manager.generate_jwt(user)}"}

    return token


@pytest.fixture
def client(tmp_path, airflow, monkeypatch):
    monkeypatch.setattr(access, "readable_dags", lambda _: {"etl"})
    app = build(Store(lambda: tmp_path))
    return TestClient(app, follow_redirects=False)


def test_every_route_refuses_who_is_not_signed_in(client):
    """All routes that there are."""
    for route in client.app.routes:
        path = route.path.replace("{name}", "live.css")
        for method in route.methods - {"HEAD"}:
            answer = client.request(method, f"{path}?{TASK}", headers=OURS)
            if path in {"/page", "/attempt"}:
                assert answer.status_code == 307
                assert "next=" in answer.headers["location"]
            else:
                assert answer.status_code == 401, path
            assert "script-src 'unsafe" not in answer.headers["content-security-policy"]
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404


def test_a_bad_token_is_refused(client):
    """Everywhere."""
    headers = {"Authorization": "Bearer nonsense"}
    for path in ("/page", "/list.json", f"/attempt.json?{TASK}"):
        assert client.get(path, headers=headers).status_code == 403


def test_pages_and_their_files_are_served(client, airflow):
    """With their types and policies."""
    headers = airflow("viewer")
    for path in ("/page", "/attempt"):
        answer = client.get(path, headers=headers)
        assert answer.headers["content-type"].startswith("text/html")
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    for name, kind in KINDS.items():
        assert client.get(f"/static/{name}", headers=headers).headers["content-type"].startswith(kind)
    for name in ("list.html", "../app.py", "%2e%2e%2fapp.py"):
        assert client.get(f"/static/{name}", headers=headers).status_code == 404


def test_a_viewer_reads_and_presses_nothing(client, airflow, tmp_path):
    """403 for each button."""
    folder = put_record(tmp_path)
    headers = airflow("viewer")
    rows = client.get("/list.json?verdict=running&day=&dag_id=".replace("day=&", ""), headers=headers).json()
    assert [row["task"] for row in rows["rows"]] == ["train"]
    assert rows["now"] > 0
    found = client.get(f"/attempt.json?{TASK}&map_index={{MAP_INDEX}}", headers=headers).json()
    assert (found["attempt"]["state"], found["may_end"]) == ("running", False)
    for kind in ("stacks", "end"):
        assert client.post(f"/{kind}?{TASK}", headers={**headers, **OURS}).status_code == 403
    assert not list(folder.glob("request*"))


def test_who_may_change_runs_leaves_a_request_with_the_name_of_the_token(client, airflow, tmp_path):
    """Nothing in the address or the body changes it."""
    folder = put_record(tmp_path)
    answer = client.post(f"/end?{TASK}&by=other", headers=airflow("user"), json={"by": "other"})
    assert answer.status_code == 202
    text = json.loads((folder / f"request-{answer.json()['id']}.json").read_text())
    assert (text["kind"], text["by"]) == ("end", "the user")


def test_a_cookie_alone_presses_nothing(client, airflow, tmp_path):
    """Only together with our page's header and our own origin."""
    folder = put_record(tmp_path)
    client.cookies.set("_token", airflow("admin")["Authorization"].removeprefix("Bearer "))
    url = f"/end?{TASK}"
    assert client.get("/list.json").status_code == 200
    assert client.post(url).status_code == 403
    assert client.post(url, headers={**OURS, "Origin": "http://elsewhere"}).status_code == 403
    assert not list(folder.glob("request*"))
    assert client.post(url, headers=OURS).status_code == 202


@pytest.mark.parametrize(
    "query",
    [
        "",
        "dag_id=&run_id=r&task_id=t",
        "dag_id=~&run_id=r&task_id=t",
        f"{TASK}&dag_id=other",
        f"{TASK}&try=x",
    ],
)
def test_an_address_that_is_not_clear_is_refused(client, airflow, query):
    """The right is checked for the DAG that is read, and for no other."""
    assert client.get(f"/attempt.json?{query}", headers=airflow("admin")).status_code in {400, 403, 422}
    assert client.post(f"/end?{query}", headers=airflow("admin")).status_code in {400, 403, 422}


def test_the_week_has_what_the_user_may_read_and_nothing_else(client, airflow, tmp_path):
    """Whatever DAG the address names."""
    cost = {"held_core_s": 36.0, "idle_core_s": 6.0, "thrown_away_core_s": 30.0}
    for dag in ("etl", "secret"):
        put_record(tmp_path, dag=dag, state="failed", verdict="STALLED", cost=cost)
    headers = airflow("viewer")
    found = client.get("/week.json", headers=headers).json()
    assert (found["attempts"], found["wasted_core_s"], found["days"]) == (1, 36.0, 7)
    assert client.get("/week.json?dag_id=secret", headers=headers).json()["attempts"] == 0
    assert client.get("/week.json?dag_id=etl", headers=headers).json()["attempts"] == 1


def test_limits_are_suggested_to_who_may_read_the_task(client, airflow, tmp_path):
    """By the DAG in the address, and by nothing else."""
    put_record(tmp_path, state="success")
    found = client.get(f"/limits.json?{TASK}", headers=airflow("viewer")).json()
    assert found["code"].startswith("GuardLimits(deadline=")
    assert client.get(f"/limits.json?{TASK}&dag_id=secret", headers=airflow("viewer")).status_code == 400
    client.app.dependency_overrides[access.READS_TASKS] = _refuse
    assert client.get(f"/limits.json?{TASK}", headers=airflow("viewer")).status_code == 403


def _refuse():
    raise HTTPException(403, "no")


def test_a_report_is_served_without_an_origin(client, airflow, tmp_path):
    """The job could have written it."""
    folder = put_record(tmp_path, state="failed")
    assert client.get(f"/report?{TASK}", headers=airflow("viewer")).status_code == 409
    (folder / "report.html").write_text("<script>fetch('/')</script>")
    answer = client.get(f"/report?{TASK}", headers=airflow("viewer"))
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")


def test_a_sample_is_plain_text(client, airflow, tmp_path):
    """By an id of the right form."""
    folder = put_record(tmp_path)
    (folder / f"sample-{1:032x}.txt").write_text("<b>stacks</b>")
    answer = client.get(f"/sample?{TASK}&id={1:032x}", headers=airflow("viewer"))
    assert (answer.text, answer.headers["content-type"]) == ("<b>stacks</b>", "text/plain; charset=utf-8")
    assert client.get(f"/sample?{TASK}&id=../x", headers=airflow("viewer")).status_code == 422


def test_a_store_that_is_gone_is_a_503_with_the_reason(airflow, monkeypatch, tmp_path):
    """Both for the list and for a task."""
    monkeypatch.setattr(access, "readable_dags", lambda _: {"etl"})
    for root, text in ((tmp_path / "gone", "There is no folder"), (None, "switched off")):
        client = TestClient(build(Store(lambda root=root: root)))
        for path in ("/list.json", f"/attempt.json?{TASK}"):
            answer = client.get(path, headers=airflow("viewer"))
            assert answer.status_code == 503
            assert text in answer.json()["detail"]
