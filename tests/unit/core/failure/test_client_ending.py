"""From what was seen of an attempt to a result, or to the exception that says it best."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.failure.client_ending import Cause, ClientEnding
from airflow_spark_guard.core.failure.evolved import evolved
from airflow_spark_guard.core.failure.retry import advise
from airflow_spark_guard.core.failure.takeover import Takeover
from airflow_spark_guard.core.protocol import Message
from airflow_spark_guard.core.stacktraces.autopsy import Autopsy, DeathCause
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.finding import Finding

LOST = (
    'Traceback (most recent call last):\n  File "/opt/py4j/clientserver.py", line 527, in send_command\n'
    "py4j.protocol.Py4JNetworkError: Answer from Java side is empty"
)
TRACEBACK = "Traceback (most recent call last):\n  File \"job.py\", line 3, in <module>\nKeyError: 'distance'"
USER = {
    "category": "user",
    "type": "KeyError",
    "message": "'distance'",
    "traceback": TRACEBACK,
    "frames": [
        {"file": "job.py", "line": 3, "function": "<module>"},
        {"file": "/x/site-packages/pandas/core.py", "line": 9, "function": "get"},
    ],
}


def channel_state(*kinds, error=None, result=None):
    state = ChannelState()
    for kind in kinds:
        fields = (
            {"pid": 1, "python": "3"} if kind == "hello" else {"value": result} if kind == "result" else {}
        )
        state.receive(Message(kind, 0.0, error if kind == "error" else fields), 5.0)
    return state


def ended(status, *kinds, **more):
    return ClientEnding(
        cause=Cause.COMMAND_ENDED,
        exit_status=status,
        channel_state=channel_state(*kinds, **more),
        evidence="last line",
    )


def test_exit_code_0_and_the_closing_message_are_a_success():
    """Both are needed, and both are enough."""
    assert ended(0, "hello", "result", "bye", result=3).failure() is None


def test_exit_code_0_without_the_closing_message_is_none():
    """os._exit(0) in the middle of a job must not be a success."""
    error = ended(0, "hello", "result", result=3).failure()
    assert isinstance(error, errors.DriverGoneError)
    assert error.verdict is Verdict.DRIVER_GONE
    assert str(error).startswith(
        "DRIVER_GONE: The driver's Python ended before its script did.\n  got: exit code 0\n"
    )
    assert "os._exit(0)" in error.advice
    assert error.retry is False


def test_an_error_that_the_disk_had_no_space_for_is_the_users_all_the_same():
    """Its message was lost; its traceback is in the output, and no retry helps."""
    lines = f"spark-guard: The attempt's channel /x cannot be written: No space left on device.\n{TRACEBACK}"
    ending = ClientEnding(
        cause=Cause.COMMAND_ENDED,
        exit_status=1,
        channel_state=channel_state("hello"),
        evidence=lines + "\n26/11/29 12:00:00 INFO x",
    )
    error = ending.failure()
    assert isinstance(error, errors.UserCodeError)
    assert (error.what, error.where) == ("The application raised KeyError: 'distance'", "job.py:3, <module>")
    assert error.evidence == TRACEBACK
    assert not advise(error, 1).retry


@pytest.mark.parametrize(
    ("status", "kinds", "evidence"),
    [
        (1, ["hello"], "no traceback"),
        (1, ["hello"], LOST),
        (1, ["hello"], f'Exception in thread "main" java.lang.Error\n{TRACEBACK}'),
        (1, ["hello"], TRACEBACK.replace("job.py", "/x/site-packages/x.py")),
        (1, ["hello"], TRACEBACK.partition("KeyError")[0]),
        (1, ["hello", "bye"], TRACEBACK),
        (137, ["hello"], TRACEBACK),
        (3, ["hello"], TRACEBACK),
    ],
)
def test_a_traceback_that_need_not_have_ended_the_driver_is_no_cause(status, kinds, evidence):
    """Then the retry policy decides, as for any driver that is gone."""
    ending = ClientEnding(
        cause=Cause.COMMAND_ENDED, exit_status=status, channel_state=channel_state(*kinds), evidence=evidence
    )
    assert not isinstance(ending.failure(), errors.UserCodeError)


def test_an_application_that_cannot_speak_succeeds_by_exit_code_0():
    """A jar has no launcher and therefore no closing message."""
    assert ClientEnding(cause=Cause.COMMAND_ENDED, exit_status=0, has_launcher=False).failure() is None
    error = ClientEnding(cause=Cause.COMMAND_ENDED, exit_status=1, has_launcher=False).failure()
    assert isinstance(error, errors.UserCodeError)
    assert error.what == "The application failed."
    assert (
        ClientEnding(cause=Cause.COMMAND_ENDED, exit_status=-9, has_launcher=False).failure().verdict
        is Verdict.JVM_GONE
    )


def test_what_the_job_says_is_cleaned_and_masked():
    """It is untrusted, and it may hold what its author would not log."""
    said = {**USER, "message": "\x1b[31mdb password=abc\udcff", "traceback": "a\nb token=xyz\r\x07"}
    error = ended(1, "error", error=said).failure()
    assert error.what == "The application raised KeyError: [31mdb password=******"
    assert error.evidence == "a\nb token=******"


def test_the_users_traceback_is_the_exception():
    """What was raised, in which line of the user's script, and the traceback as evidence."""
    error = ended(1, "hello", "error", error=USER).failure()
    assert isinstance(error, errors.UserCodeError)
    assert str(error) == (
        f"USER_CODE: The application raised KeyError: 'distance'\n  where: job.py:3, <module>\n\n{TRACEBACK}"
    )


def test_an_exception_without_text_reads_well():
    """``raise ValueError`` has no message."""
    said = {**USER, "type": "ValueError", "message": "", "frames": []}
    assert ended(1, "error", error=said).failure().what == "The application raised ValueError"


def test_sys_exit_says_its_code_and_its_place():
    """A code of the user's own is the user's message."""
    said = {**USER, "category": "exit", "code": 3, "message": "no input today"}
    error = ended(3, "hello", "error", error=said).failure()
    assert isinstance(error, errors.UserCodeError)
    assert error.what == "The application left with sys.exit(3)."
    assert error.got == "no input today"
    assert error.where == "job.py:3, <module>"


def test_a_result_that_xcom_cannot_hold_is_an_error_of_its_own():
    """The job's message says it all; the place is added."""
    said = {**USER, "category": "result", "message": "The result is too large.\n  got: 9 bytes"}
    error = ended(1, "hello", "error", error=said).failure()
    assert isinstance(error, errors.ResultError)
    assert error.what == "The result is too large.\n  got: 9 bytes"
    assert error.where == "job.py:3, <module>"


@pytest.mark.parametrize(
    ("status", "verdict", "got"),
    [
        (-9, Verdict.JVM_GONE, "killed by signal 9 (SIGKILL)"),
        (137, Verdict.DRIVER_GONE, "exit code 137 (SIGKILL)"),
        (139, Verdict.DRIVER_GONE, "exit code 139 (SIGSEGV)"),
        (1, Verdict.DRIVER_GONE, "exit code 1"),
        (None, Verdict.DRIVER_GONE, "no exit code"),
    ],
)
def test_the_exit_status_tells_which_driver_process_went(status, verdict, got):
    """Negative: the JVM itself; above 128: its Python, as spark-submit reports it."""
    error = ended(status, "hello").failure()
    assert (error.verdict, error.got, error.evidence) == (verdict, got, "last line")


@pytest.mark.parametrize("status", [0, 7, 42])
def test_a_code_of_the_scripts_own_is_no_matter_of_memory_and_repeats(status):
    """os._exit(7): the same input ends the same way."""
    error = ended(status, "hello").failure()
    assert (error.verdict, error.retry) == (Verdict.DRIVER_GONE, False)
    assert "emory" not in error.advice
    assert f"os._exit({status})" in error.advice
    assert "emory" not in advise(error, 1).hint
    assert not advise(error, 1).retry


@pytest.mark.parametrize(
    ("status", "words"), [(137, "out-of-memory"), (-9, "out-of-memory"), (143, "outside")]
)
def test_a_signal_is_explained_and_tried_again(status, words):
    """Memory only where SIGKILL points to it."""
    error = ended(status, "hello").failure()
    assert words in error.advice
    assert ("emory" in error.advice) is (words == "out-of-memory")
    assert advise(error, 1).retry


def test_a_jvm_that_a_signal_ended_is_explained_by_it_even_if_the_script_could_still_speak():
    """Its Python only saw the connection break."""
    lost = {
        **USER,
        "type": "Py4JNetworkError",
        "traceback": LOST,
        "message": "Answer from Java side is empty",
    }
    by_signal, without = (ended(status, "hello", "error", error=lost).failure() for status in (-11, 1))
    assert (by_signal.verdict, without.verdict) == (Verdict.JVM_GONE, Verdict.JVM_GONE)
    assert "hs_err_pid" in by_signal.advice
    assert "emory" not in by_signal.advice


def test_a_try_that_another_one_ended_says_which_and_when():
    """Whatever its processes left behind while they went; no word of memory, and no retry: the newer runs."""
    newer = Takeover(3, 1795947045.0)
    error = ClientEnding(
        cause=Cause.TAKEN_OVER,
        exit_status=143,
        channel_state=channel_state("hello"),
        evidence="last line",
        taken_over=newer,
    ).failure()
    assert (type(error), error.verdict) == (errors.TakenOverError, Verdict.TAKEN_OVER)
    assert error.what == f"Try 3 of this task took over at {newer.when} and ended this one."
    assert error.advice.startswith("See the log of try 3.")
    assert not advise(error, 1).retry
    assert "emory" not in str(error)


def test_a_failure_after_the_closing_message_is_still_a_failure():
    """An atexit handler or a listener that breaks ends with another code."""
    error = ended(1, "hello", "bye").failure()
    assert error.what == "The script succeeded, but its driver failed while it exited."


def test_spark_s_own_time_out_is_a_deadline():
    """DriverTimeoutPlugin ends the JVM with 124."""
    assert isinstance(ended(124, "hello").failure(), errors.DeadlineError)


def test_before_hello_it_is_spark_submit_that_failed():
    """No application has started: the output is the evidence."""
    error = ended(1).failure()
    assert isinstance(error, errors.SubmitError)
    assert str(error).endswith("\n\nlast line")


@pytest.mark.parametrize(
    ("cause", "kind", "text"),
    [
        (Cause.DEADLINE, errors.DeadlineError, "The reaper ended the attempt after 1h 30m"),
        (Cause.KILLED, errors.KilledError, "the task was killed"),
        (Cause.GUARDIAN, errors.KilledError, "the supervisor above the task is gone"),
        (
            Cause.REAPER_GONE,
            errors.KilledError,
            "The supervising process (reaper) died without reporting; part of the job may still run.",
        ),
    ],
)
def test_what_we_ended_says_why(cause, kind, text):
    """Even a script that had said bye, and even with exit code 0."""
    ending = ClientEnding(
        cause=cause,
        exit_status=0,
        channel_state=channel_state("hello", "bye"),
        backstop=5400,
        orphans=("7 sleep",),
    )
    error = ending.failure()
    assert isinstance(error, kind)
    assert text in error.what
    assert "possible orphan: 7 sleep" in str(error)


FOUND = Finding(
    Verdict.STALLED,
    "Stage 3 (count at job.py:12) stood still for 10m.",
    600.0,
    605.0,
    got="4 of 10 tasks done, 2 running, workers blocked",
    expected="some counter to move within 10m",
    advice="Set a time-out for the call in that line.",
    suspect="worker",
)
SEEN = Autopsy(place="/jobs/job.py:12, slow", summary=tuple(f"line {row}" for row in range(15)))


def found(verdict, *kinds, autopsy=SEEN, **more):
    finding = replace(FOUND, verdict=verdict, **more)
    return ClientEnding(
        cause=Cause.FINDING,
        exit_status=143,
        channel_state=channel_state(*kinds),
        finding=finding,
        autopsy=autopsy,
        evidence="last line of output",
    )


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.DEADLINE, errors.DeadlineError),
        (Verdict.STARVED, errors.StarvedError),
        (Verdict.STALLED, errors.StalledError),
        (Verdict.EXECUTORS_LOST, errors.ExecutorsLostError),
        (Verdict.DRIVER_SILENT, errors.DriverSilentError),
        (Verdict.NOT_EXITING, errors.NotExitingError),
        (Verdict.VANISHED, errors.VanishedError),
    ],
)
def test_what_the_watchdog_found_reads_from_the_verdict_to_the_evidence(verdict, kind):
    """Verdict, what, got, expected, do, where, record, orphans, evidence: a page, not a book."""
    error = evolved(found(verdict, "hello").with_orphans(("7 sleep",)).failure(), record="/records/attempt=1")
    assert type(error) is kind
    assert error.verdict is verdict
    assert error.limit == 600.0
    lines = str(error).splitlines()
    assert lines[:8] == [
        f"{verdict}: {FOUND.what}",
        f"  got: {FOUND.got}",
        f"  expected: {FOUND.expected}",
        f"  do: {FOUND.advice}",
        "  where: /jobs/job.py:12, slow",
        "  record: /records/attempt=1",
        "  possible orphan: 7 sleep",
        "",
    ]
    assert lines[8:] == list(SEEN.summary)
    assert len(lines) <= 60


def test_without_an_autopsy_the_output_is_the_evidence():
    """Nobody looked, or the look showed nothing."""
    for autopsy in (None, Autopsy()):
        error = found(Verdict.STALLED, "hello", autopsy=autopsy).failure()
        assert (error.where, error.evidence) == ("", "last line of output")


@pytest.mark.parametrize("autopsy", [Autopsy(summary=("the driver waits",)), None])
def test_where_no_line_is_known_the_advice_speaks_of_none(autopsy):
    """What it says of the limit and of heartbeat() holds."""
    error = found(Verdict.STALLED, "hello", autopsy=autopsy).failure()
    assert error.where == ""
    assert "that line" not in error.advice
    assert error.advice.startswith("The line in the worker is not known:")
    assert "  where:" not in str(error)
    told = "If that line may take so long, call heartbeat()."
    silent = found(Verdict.DRIVER_SILENT, "hello", autopsy=autopsy, advice=told).failure()
    assert silent.advice.startswith("The driver's line is not known:")
    plain = found(Verdict.DEADLINE, "hello", autopsy=autopsy, advice="Raise GuardLimits.deadline.").failure()
    assert plain.advice == "Raise GuardLimits.deadline."


def test_lost_executors_are_explained_by_what_they_have_written():
    """The sentence, the advice that follows from it, and whether another try can help."""
    seen = Autopsy(
        summary=("seen",), cause=DeathCause("stderr of executor 3: UnknownHost", "Set it.", retry=False)
    )
    error = found(Verdict.EXECUTORS_LOST, "hello", autopsy=seen, suspect="").failure()
    assert error.got == f"stderr of executor 3: UnknownHost; {FOUND.got}"
    assert (error.advice, error.retry, error.evidence) == ("Set it.", False, "seen")
    error = found(Verdict.STALLED, "hello", autopsy=seen).failure()
    assert (error.retry, "Set it." in error.advice) == (None, False)


def test_a_verdict_about_the_cluster_names_no_line():
    """Executors are lost, or never come: no line of the script is to blame."""
    assert found(Verdict.STARVED, "hello", suspect="").failure().where == ""


def test_a_process_that_does_not_exit_is_a_success_only_with_a_result():
    """The result is in: a warning in the log must do. Without one nobody can tell."""
    assert found(Verdict.NOT_EXITING, "hello", "result", "bye").failure() is None
    error = found(Verdict.NOT_EXITING, "hello", "bye").failure()
    assert isinstance(error, errors.NotExitingError)


@pytest.mark.parametrize("verdict", [Verdict.NOT_EXITING, Verdict.DEADLINE, Verdict.STALLED])
def test_an_error_before_the_hang_is_the_failure(verdict):
    """The user's traceback says more than a process that stays; a result before it changes nothing."""
    ending = replace(found(verdict), channel_state=channel_state("hello", "result", "error", error=USER))
    error = ending.failure()
    assert isinstance(error, errors.UserCodeError)
    assert error.what == "The application raised KeyError: 'distance'"


def test_a_result_does_not_save_an_attempt_that_hangs_in_its_script():
    """Only the closing message ends the script."""
    assert isinstance(found(Verdict.STALLED, "hello", "result").failure(), errors.StalledError)


@pytest.mark.parametrize(
    ("status", "evidence", "kind", "verdict"),
    [
        (1, "ModuleNotFoundError: x", errors.SubmitError, Verdict.TOOLCHAIN),
        (52, "no words", errors.ToolchainError, Verdict.TOOLCHAIN),
        (1, "ERROR All masters are unresponsive! Giving up.", errors.ToolchainError, Verdict.TOOLCHAIN),
        (1, "Python worker exited unexpectedly (crashed)", errors.WorkerCrashedError, Verdict.WORKER_CRASHED),
        (
            1,
            "Lost executor 1: Command exited with code 52",
            errors.ExecutorsLostError,
            Verdict.EXECUTORS_LOST,
        ),
    ],
)
def test_a_silent_failure_is_read_from_the_output(status, evidence, kind, verdict):
    """Nothing came over the channel; the toolchain table knows Spark's own words."""
    error = ClientEnding(cause=Cause.COMMAND_ENDED, exit_status=status, evidence=evidence).failure()
    assert (type(error), error.verdict, error.evidence) == (kind, verdict, evidence)


def test_a_jvm_that_ends_by_itself_while_the_script_runs_says_why_by_its_code():
    """52 is its own OutOfMemoryError; after the closing message it is a failure of the closing."""
    error = ended(52, "hello").failure()
    assert (type(error), error.what) == (errors.ToolchainError, "The driver's JVM ran out of heap.")
    assert isinstance(ended(52, "hello", "bye").failure(), errors.DriverGoneError)
