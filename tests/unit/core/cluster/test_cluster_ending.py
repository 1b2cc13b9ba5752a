import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.cluster.cluster_ending import ClusterEnding
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.finding import Finding

ERROR = {
    "category": "user",
    "type": "ValueError",
    "message": "no rows",
    "traceback": "Traceback (most recent call last):\nValueError: no rows",
    "frames": [{"file": "job.py", "line": 7, "function": "load"}],
}


def final(state, **fields):
    return ClusterStatus(ClusterState(state), "application_1_2", **{"what": state, **fields})


def finding(verdict, what="It did not."):
    return Finding(verdict, what, limit=60.0, reached_at=61.0, got="RUNNING")


def ending(state=None, **fields):
    return ClusterEnding(final=final(state) if state else None, **{"has_launcher": True, **fields})


def test_both_words_are_a_success():
    """The manager's and the script's own."""
    assert ending("SUCCEEDED", channel_state=ChannelState(hello=True, bye=True)).failure() is None


def test_where_the_job_cannot_speak_the_managers_word_counts():
    """A jar, or no channel directory."""
    assert ending("SUCCEEDED", has_launcher=False).failure() is None


def test_success_without_the_scripts_own_word_is_none():
    """With the reason, where Airflow could not read."""
    error = ending(
        "SUCCEEDED", channel_state=ChannelState(hello=True), channel_trouble="PermissionError"
    ).failure()
    assert isinstance(error, errors.DriverGoneError)
    assert error.got == "SUCCEEDED; PermissionError"


@pytest.mark.parametrize("state", ["FAILED", "SUCCEEDED", "KILLED", None])
def test_what_the_job_said_goes_first(state):
    """Whatever its manager makes of it."""
    found = finding(Verdict.DEADLINE) if state is None else None
    error = ending(state, channel_state=ChannelState(hello=True, error=ERROR), finding=found).failure()
    assert isinstance(error, errors.UserCodeError)
    assert error.where == "job.py:7, load"


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.DEADLINE, errors.DeadlineError),
        (Verdict.STARVED, errors.StarvedError),
        (Verdict.VANISHED, errors.VanishedError),
        (Verdict.NOT_EXITING, errors.NotExitingError),
    ],
)
def test_each_finding_is_an_error_of_its_own(verdict, kind):
    """With its limit, and what could not be proven gone."""
    error = ending(finding=finding(verdict), orphans=("application_1_2 (why)",)).failure()
    assert type(error) is kind
    assert (error.got, error.limit, error.orphans) == ("RUNNING", 60.0, ("application_1_2 (why)",))


def test_an_application_that_vanished_is_no_success_even_where_its_script_ended():
    """Its exit code is not known; the message says what is."""
    error = ending(
        finding=finding(Verdict.VANISHED), channel_state=ChannelState(hello=True, bye=True)
    ).failure()
    assert error.what == "It did not. Its closing message came before that."


def test_a_driver_that_does_not_exit_has_delivered_its_result():
    """As in client mode."""
    channel_state = ChannelState(hello=True, bye=True, has_result=True, result=3)
    assert ending(finding=finding(Verdict.NOT_EXITING), channel_state=channel_state).failure() is None


def test_a_kill_is_a_kill():
    """Whatever was heard before."""
    error = ending(
        "SUCCEEDED", killed="The task was ended.", channel_state=ChannelState(error=ERROR)
    ).failure()
    assert isinstance(error, errors.KilledError)


def test_a_failure_that_the_table_knows_is_named():
    """From the manager's diagnostics, or the driver's last lines."""
    text = "java.lang.OutOfMemoryError: Java heap space\n\tat org.apache.spark.util.X"
    for found in (
        ClusterEnding(final=final("FAILED", diagnostics=text)),
        ClusterEnding(final=final("FAILED"), log_tail=text),
    ):
        error = found.failure()
        assert error.verdict is not Verdict.USER_CODE
        assert "OutOfMemoryError" in error.evidence


def test_sparks_own_time_limit_is_the_deadline():
    """The backstop of a job that nobody watched."""
    error = ClusterEnding(final=final("FAILED", exit_code=124)).failure()
    assert isinstance(error, errors.DeadlineError)


def test_a_kill_from_outside_says_where_to_look():
    """A person, or the cluster itself."""
    error = ClusterEnding(final=final("KILLED", log_url="http://node/logs")).failure()
    assert isinstance(error, errors.KilledError)
    assert "(http://node/logs)" in error.advice


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({"channel_state": ChannelState(hello=True)}, errors.DriverGoneError, "ended before its script did"),
        ({"channel_state": ChannelState()}, errors.SubmitError, "failed before its script started"),
        ({"has_launcher": False}, errors.UserCodeError, "The application failed"),
        ({"channel_trouble": "x"}, errors.UserCodeError, "The application failed"),
    ],
)
def test_a_failure_of_unknown_cause_says_how_far_it_came(given, kind, text):
    """With the exit code's meaning."""
    found = ClusterEnding(final=final("FAILED", exit_code=139), **{"has_launcher": True, **given})
    error = found.failure()
    assert type(error) is kind
    assert text in error.what
    assert error.got == "FAILED, exit code 139: crashed (SIGSEGV) in native code"


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"exit_code": 137}, Verdict.DRIVER_GONE),
        ({"exit_code": 143, "what": "Failed, Evicted"}, Verdict.DRIVER_GONE),
        ({"diagnostics": "AM Container exited"}, Verdict.DRIVER_GONE),
        ({"exit_code": 1}, Verdict.USER_CODE),
        ({"diagnostics": "User class threw exception: org.x.MineException"}, Verdict.USER_CODE),
    ],
)
def test_a_driver_that_was_ended_from_outside_is_not_the_users_fault(fields, verdict):
    """A retry may help there, and only there."""
    assert ClusterEnding(final=final("FAILED", **fields)).failure().verdict is verdict


def test_without_any_end_nothing_is_a_success():
    """Nobody knows."""
    assert ClusterEnding().failure().verdict is Verdict.UNKNOWN


def test_the_drivers_last_lines_are_bounded_and_masked():
    """They are an untrusted job's."""
    text = "\n".join(f"line {number}" for number in range(500)) + "\npassword=geheim"
    evidence = ClusterEnding(final=final("FAILED"), log_tail=text).evidence
    assert len(evidence.splitlines()) == 60
    assert "geheim" not in evidence
