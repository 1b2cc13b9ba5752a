import json
from dataclasses import replace

import pytest

from airflow_spark_guard.core.cluster.manager import Marks
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK, TASK_MARK, ClusterState, RefusedError
from airflow_spark_guard.core.cluster.yarn import Yarn, tag
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from tests.support.dialogue import play

ID = "application_1795220516234_0001"
APP = {
    "id": ID,
    "queue": "team",
    "state": "RUNNING",
    "finalStatus": "UNDEFINED",
    "trackingUrl": "http://rm:8088/proxy/x/",
    "diagnostics": "",
    "applicationTags": "theirs,spark-guard-task-aa,spark-guard-attempt-bb",
    "startedTime": 1000,
    "launchTime": 2000,
    "amContainerLogs": "http://node:8042/logs",
}
YARN = Yarn(("http://rm:8088",))
MARKS = Marks("a" * 32, "b" * 32)


def look(**changed):
    return play(YARN.status(ID), lambda _: {"app": {**APP, **changed}})


def test_an_application_is_told_whole():
    """With what leads to its pages."""
    status = look()
    assert (status.state, status.application_id, status.what) == ("RUNNING", ID, "RUNNING in queue team")
    assert (status.submitted_at, status.started_at, status.attempt) == (1.0, 2.0, "bb")
    assert (status.ui_url, status.log_url) == ("http://rm:8088/proxy/x/", "http://node:8042/logs")


@pytest.mark.parametrize(
    ("state", "final", "told"),
    [
        ("NEW", "UNDEFINED", "WAITING"),
        ("NEW_SAVING", "UNDEFINED", "WAITING"),
        ("SUBMITTED", "UNDEFINED", "WAITING"),
        ("ACCEPTED", "UNDEFINED", "WAITING"),
        ("RUNNING", "UNDEFINED", "RUNNING"),
        ("FINISHED", "SUCCEEDED", "SUCCEEDED"),
        ("FINISHED", "FAILED", "FAILED"),
        ("FINISHED", "KILLED", "KILLED"),
        ("FINISHED", "UNDEFINED", "FAILED"),
        ("FAILED", "FAILED", "FAILED"),
        ("KILLED", "KILLED", "KILLED"),
    ],
)
def test_every_state_of_yarns_has_one_of_ours(state, final, told):
    """FINISHED alone is no success: what the application said of itself counts."""
    assert look(state=state, finalStatus=final).state == told


def test_a_state_that_yarn_does_not_document_is_no_answer():
    """Never a success by accident."""
    with pytest.raises(UnusableAnswerError, match="in state 'NICE'"):
        look(state="NICE")
    with pytest.raises(UnusableAnswerError, match="in state 'FINISHED', 'NICE'"):
        look(state="FINISHED", finalStatus="NICE")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("User application exited with status 3", 3),
        ("x: User application exited with status 137. More", 137),
        ("User application exited with status", None),
        ("anything", None),
    ],
)
def test_the_scripts_exit_code_stands_in_the_diagnostics(text, code):
    """In Spark's own words."""
    assert look(state="FINISHED", finalStatus="FAILED", diagnostics=text).exit_code == code


def missing(kind="NotFoundException"):
    body = {"RemoteException": {"exception": kind, "message": "no such application", "javaClassName": "x"}}
    return Answer(404, json.dumps(body).encode())


def test_what_yarn_does_not_know_has_vanished():
    """By its own word only."""
    assert play(YARN.status(ID), lambda _: missing()).state is ClusterState.VANISHED


@pytest.mark.parametrize(
    "answer", [Answer(404, b"<html>"), Answer(404, b""), missing("WebApplicationException")]
)
def test_a_404_of_a_proxy_is_no_vanished_application(answer):
    """A wrong path is not the end of a job."""
    with pytest.raises(UnusableAnswerError, match="HTTP status 404"):
        play(YARN.status(ID), lambda _: answer)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_says_what_yarn_says(status):
    """Text or JSON."""
    with pytest.raises(RefusedError, match=f"HTTP status {status}, 'The default static user'"):
        play(YARN.status(ID), lambda _: Answer(status, b"The default static user"))
    with pytest.raises(RefusedError, match="'no such application'"):
        play(YARN.status(ID), lambda _: Answer(status, missing().body))
    with pytest.raises(RefusedError, match=f"HTTP status {status}$"):
        play(YARN.status(ID), lambda _: Answer(status, b"<html>a page</html>"))


@pytest.mark.parametrize("apps", [None, {}, {"app": []}, {"app": None}])
def test_without_any_application_nothing_is_found(apps):
    """YARN has several ways to say so."""
    assert play(YARN.find(TASK_MARK, "aa"), lambda _: {"apps": apps}) == ()


def test_applications_are_found_by_tag_and_only_active_ones_count():
    """Older versions ignore what they do not know of the query."""
    rows = [
        {**APP, "id": "application_1_3", "startedTime": 30},
        {**APP, "id": "application_1_2", "startedTime": 20},
        {**APP, "id": "application_1_4", "state": "KILLED", "finalStatus": "KILLED"},
        {**APP, "id": "application_1_5", "applicationTags": "spark-guard-task-zz"},
    ]
    asked = []

    def server(request):
        asked.append(request.url)
        return {"apps": {"app": rows}}

    found = play(YARN.find(TASK_MARK, "AA"), server)
    assert [one.application_id for one in found] == ["application_1_2", "application_1_3"]
    assert "applicationTags=spark-guard-task-aa&states=NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING" in asked[0]


def test_who_asks_is_said_where_yarn_believes_everybody():
    """``user.name`` of simple authentication; nothing else is."""
    asked = []

    def server(request):
        asked.append((request.method, request.url))
        return Answer(202, b'{"state": "ACCEPTED"}') if request.method == "PUT" else {"app": APP}

    manager = replace(YARN, user="airflow user")
    play(manager.kill(ID), server)
    assert asked == [
        ("PUT", f"/ws/v1/cluster/apps/{ID}/state?user.name=airflow%20user"),
        ("", f"/ws/v1/cluster/apps/{ID}?user.name=airflow%20user"),
    ]


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("http://rm:8088", f"/ws/v1/cluster/apps/{ID}"),
        ("https://knox:8443/gateway/default/resourcemanager", f"/v1/cluster/apps/{ID}"),
    ],
)
def test_a_gateway_has_the_api_at_a_place_of_its_own(server, url):
    """Knox leaves ``/ws`` out."""
    asked = []
    play(Yarn((server,)).status(ID), lambda request: (asked.append(request.url), {"app": APP})[1])
    assert asked == [url]


def test_a_kill_that_yarn_refuses_is_an_error():
    """Never taken for done."""
    with pytest.raises(RefusedError):
        play(YARN.kill(ID), lambda request: Answer(403, b"") if request.method else {"app": APP})
    with pytest.raises(UnusableAnswerError, match="HTTP status 500"):
        play(YARN.kill(ID), lambda request: Answer(500, b"") if request.method else {"app": APP})


def test_yarn_keeps_no_log_for_us():
    """People read it by ``log_url``."""
    assert play(YARN.log_tail(ID), None) == ""


def test_a_tag_is_as_yarn_keeps_it():
    """In lower case, below 100 characters."""
    assert tag(ATTEMPT_MARK, "A" * 32) == "spark-guard-attempt-" + "a" * 32
    assert len(tag(ATTEMPT_MARK, "a" * 32)) <= 100


def test_yarn_gets_tags_and_does_not_keep_spark_submit_waiting():
    """The user's tags stay."""
    found = YARN.submit_conf({"spark.yarn.tags": "theirs"}, MARKS, {"X": "1"})
    assert found == {
        "spark.yarn.tags": f"theirs,spark-guard-task-{'a' * 32},spark-guard-attempt-{'b' * 32}",
        "spark.yarn.submit.waitAppCompletion": "false",
        "spark.yarn.maxAppAttempts": "1",
        "spark.yarn.appMasterEnv.X": "1",
    }


def test_a_number_of_attempts_that_the_user_chose_stays():
    """Else the retries are Airflow's alone."""
    found = YARN.submit_conf({"spark.yarn.maxAppAttempts": "2"}, MARKS, {})
    assert found["spark.yarn.maxAppAttempts"] == "2"


def test_yarn_ships_files_itself_and_its_ids_are_sparks():
    """Its id is what spark-submit prints, and not known before."""
    assert (YARN.cannot_ship({}), YARN.known_id({"spark.kubernetes.driver.pod.name": "x"})) == ("", "")
    assert (YARN.has_spark_ids, YARN.takes_kerberos) == (True, True)
    lines = f"INFO Client: Submitting application application_1_1\nSubmitted application {ID}\n"
    assert YARN.printed_id(lines.encode()) == ID
    assert YARN.printed_id(b"application_1_ and application_x_2") == ""
