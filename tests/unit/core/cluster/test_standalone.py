import pytest

from airflow_spark_guard.core.cluster.standalone import StandaloneDialogues
from airflow_spark_guard.core.cluster.status import TASK_MARK
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from tests.support.dialogue import play, recorded

STATE = recorded("4.3.0", "master")
APP = STATE["activeapps"][0]
MASTER = StandaloneDialogues("http://127.0.0.1:8080")


def state(named, *, over=False, **changed):
    row = {**APP, "state": named, **changed}
    return {**STATE, "activeapps": [] if over else [row], "completedapps": [row] if over else []}


@pytest.mark.parametrize(
    ("named", "over", "told"),
    [
        ("WAITING", False, "WAITING"),
        ("RUNNING", False, "RUNNING"),
        ("UNKNOWN", False, "RUNNING"),
        ("FINISHED", True, "SUCCEEDED"),
        ("FAILED", True, "FAILED"),
        ("KILLED", True, "KILLED"),
    ],
)
def test_every_state_of_a_masters_has_one_of_ours(named, over, told):
    """A master that recovers does not know for a while: that is no failure."""
    status = play(MASTER.status(APP["id"]), lambda _: state(named, over=over))
    assert (status.state, status.application_id) == (told, APP["id"])
    assert status.submitted_at == APP["starttime"] / 1000
    assert (status.started_at is None) is (named == "WAITING")


def test_what_it_does_not_know_has_vanished():
    """In neither of its lists."""
    assert play(MASTER.status("app-1"), lambda _: STATE).state == "VANISHED"


@pytest.mark.parametrize("answer", [{**STATE, "status": "STANDBY"}, state("NICE"), Answer(500, b""), {}])
def test_anything_else_is_no_answer(answer):
    """A standby knows nothing."""
    with pytest.raises(UnusableAnswerError):
        play(MASTER.status(APP["id"]), lambda _: answer)


def test_applications_are_found_by_a_mark_in_their_name():
    """It knows no tags."""
    marked = state("RUNNING", name="a job spark-guard-task-aa")
    assert [one.application_id for one in play(MASTER.find(TASK_MARK, "aa"), lambda _: marked)] == [APP["id"]]
    assert play(MASTER.find(TASK_MARK, "bb"), lambda _: marked) == ()


def test_a_kill_is_told_by_the_masters_page_and_looked_after():
    """As in client mode."""
    over = []

    def server(request):
        if request.form is not None:
            over.append(dict(request.form))
            return Answer(302, b"")
        return state("KILLED", over=True) if over else state("RUNNING")

    assert play(MASTER.kill(APP["id"]), server).state == "KILLED"
    assert over == [{"id": APP["id"], "terminate": "true"}]
    assert play(MASTER.log_tail(APP["id"]), None) == ""
