"""An attempt from its launch to its ending, on small commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from airflow_spark_guard.attempt import loop
from airflow_spark_guard.attempt.live import Live
from airflow_spark_guard.attempt.loop import AttemptFollower
from airflow_spark_guard.attempt.watch import Watch
from airflow_spark_guard.core.failure.client_ending import Cause
from airflow_spark_guard.core.failure.takeover import Takeover
from airflow_spark_guard.core.live.request import Request as LiveRequest
from airflow_spark_guard.core.live.state import LiveState
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch import watchdog
from airflow_spark_guard.job import wire
from airflow_spark_guard.process import channel as channel_module
from airflow_spark_guard.process.attempt import Attempt, Launch
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.record import Record
from airflow_spark_guard.process.takeover import NOTE
from tests.support.limits import watch_limits
from tests.support.processes import MARK, ROOT, end_all, marked
from tests.unit.attempt.test_live import Asked


class Listening:
    """A listener that remembers; ``examine`` is the last look."""

    def __init__(self, examine=lambda: None) -> None:
        self.shown: list[str] = []
        self.recorded = bytearray()
        self.messages: list[str] = []
        self.examined: list[Verdict] = []
        self.observed_findings: list[tuple] = []
        self._examine = examine

    def chunk(self, chunk: bytes) -> bytes:
        self.recorded += chunk
        return chunk

    def rest(self) -> bytes:
        return b"held back\n"

    def lines(self, lines: list[str]) -> None:
        self.shown += lines

    def message(self, message) -> None:
        self.messages.append(message.kind)

    def examine(self, finding, _):
        self.examined.append(finding.verdict)
        return self._examine()

    def observe(self, finding, channel_state):
        return self.examine(finding, channel_state)

    def observed(self, finding, autopsy, evidence):
        self.observed_findings.append((finding.verdict, autopsy, evidence, len(self.shown)))


def launch_of(tmp_path, command: str, mark: str, **fields) -> Launch:
    """A bash command as an attempt."""
    return Launch(
        **{
            "command": ("bash", "-c", command),
            "env": {**os.environ, MARK: mark},
            "workdir": tmp_path,
            "cancel": tmp_path / "cancel",
            "secrets": (tmp_path / "spark.properties",),
            "tag": Tag(new_attempt(), new_attempt()),
            "backstop": 60.0,
            "has_launcher": True,
            "autopsy_budget": 1.0,
            "grace": 1.0,
            **fields,
        }
    )


class Run:
    """One attempt at a bash command, with what came of it."""

    def __init__(self, tmp_path, command: str, *, budget: int = 1000, during=None, examine=None, **limits):
        mark = new_attempt()
        launch_fields = {
            name: limits.pop(name) for name in ("guardians", "backstop", "has_launcher") if name in limits
        }
        listener = Listening(examine) if examine else Listening()
        reader = ChannelReader(tmp_path / "channel.jsonl")
        with Attempt(launch_of(tmp_path, command, mark, **launch_fields)) as attempt:
            if during:
                threading.Thread(target=during, args=(attempt,)).start()
            watch = Watch(watch_limits(**{"deadline": None, **limits}))
            self.ending = AttemptFollower(attempt, reader, JobOutput(budget), watch, listener, listener).run()
        reader.close()
        self.recorded = listener.recorded
        self.lines, self.messages, self.examined = listener.shown, listener.messages, listener.examined
        self.observed = listener.observed_findings
        self.left = marked(mark)
        end_all(mark)


@pytest.fixture(autouse=True)
def little_time_to_cancel(monkeypatch):
    """Most of the commands know nothing of it, and would be waited for in vain."""
    monkeypatch.setattr(loop, "_CANCEL_TIME", 0.2)


@pytest.fixture
def channel(tmp_path):
    """Shell code that sends a message."""

    def say(kind: str, **fields) -> str:
        line = wire.encode(kind, fields, 1.0).decode().strip()
        return f"echo '{line}' >> '{tmp_path}/channel.jsonl'; "

    return say


def test_output_messages_and_status_come_together(tmp_path, channel):
    """Everything that was said before the end is in the ending."""
    run = Run(
        tmp_path, channel("hello", pid=1, python="3") + "echo one; echo two; " + channel("bye") + "exit 0"
    )
    assert (run.ending.cause, run.ending.exit_status) == (Cause.COMMAND_ENDED, 0)
    assert run.ending.channel_state.hello
    assert run.ending.channel_state.bye
    assert run.lines == ["one", "two", "held back"]
    assert run.messages == ["hello", "bye"]
    assert run.ending.failure() is None
    assert (run.ending.orphans, run.left) == ((), [])


def test_the_deadline_ends_it(tmp_path):
    """And what it left in another session."""
    run = Run(tmp_path, "setsid sleep 300 & sleep 300", deadline=1.0)
    assert (run.ending.cause, run.ending.finding.verdict) == (Cause.FINDING, Verdict.DEADLINE)
    assert (run.examined, run.ending.finding.limit, run.left) == ([Verdict.DEADLINE], 1.0, [])
    assert 1.0 <= run.ending.seconds < 100  # and not the job's 300


def test_a_process_that_stays_after_bye_is_ended(tmp_path, channel):
    """NOT_EXITING."""
    run = Run(tmp_path, channel("bye") + "sleep 300", exit=1.0)
    assert (run.ending.cause, run.ending.finding.limit, run.left) == (Cause.FINDING, 1.0, [])
    assert run.ending.failure().verdict is Verdict.NOT_EXITING


def test_after_an_error_message_the_users_error_counts(tmp_path, channel):
    """That the process stays is the lesser news."""
    said = {"category": "user", "type": "ValueError", "message": "no rows", "traceback": "", "frames": []}
    run = Run(tmp_path, channel("error", **said) + "sleep 300", exit=0.5)
    assert (run.ending.finding.verdict, run.left) == (Verdict.NOT_EXITING, [])
    assert str(run.ending.failure()).startswith("USER_CODE: The application raised ValueError: no rows")


def test_the_last_look_belongs_to_the_ending(tmp_path):
    """And the output that it provokes is read meanwhile, more than a pipe holds."""
    printed = tmp_path / "printed"

    def examine():
        (tmp_path / "go").touch()
        while not printed.exists():
            time.sleep(0.05)
        return Autopsy("/jobs/a.py:3, fit", ("blocked",), "text")

    run = Run(
        tmp_path,
        f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; seq 1 60000; touch {printed}; sleep 300",
        budget=100,
        examine=examine,
        deadline=0.5,
    )
    error = run.ending.failure()
    assert (error.verdict, error.where, error.evidence) == (
        Verdict.DEADLINE,
        "/jobs/a.py:3, fit",
        "blocked",
    )
    assert "59999" in run.lines


def test_spark_jobs_are_cancelled_first_and_what_that_makes_of_the_script_is_no_cause(
    tmp_path, channel, monkeypatch
):
    """Committers take back what is half written; the error of a cancelled job is our doing."""
    monkeypatch.setattr(loop, "_CANCEL_TIME", 30.0)
    said = {
        "category": "user",
        "type": "SparkException",
        "message": "cancelled",
        "traceback": "",
        "frames": [],
    }
    command = (
        channel("hello", pid=1, python="3")
        + f"while [ ! -e {tmp_path}/cancel ]; do sleep 0.05; done; echo cancelled; "
        + channel("error", **said)
        + "sleep 300"
    )
    run = Run(tmp_path, command, deadline=0.7)
    assert run.lines == []
    assert run.messages == ["hello", "error"]
    assert (run.ending.channel_state.hello, run.ending.channel_state.error) == (True, None)
    assert run.ending.failure().verdict is Verdict.DEADLINE
    assert run.ending.seconds < 100  # and not the job's 300


def test_nothing_is_cancelled_where_nobody_listens(tmp_path):
    """An application without our launcher is ended at once."""
    run = Run(tmp_path, "sleep 300", deadline=0.5, has_launcher=False)
    assert run.ending.finding.verdict is Verdict.DEADLINE
    assert not (tmp_path / "cancel").exists()


def test_a_last_look_over_its_budget_is_left_behind(tmp_path):
    """The job is ended all the same, and its error shows the output instead."""
    release = threading.Event()
    run = Run(tmp_path, "echo so far; sleep 300", examine=lambda: release.wait(60), deadline=0.5)
    release.set()
    assert run.ending.seconds < 25  # and not the 30 of the last look
    assert (run.ending.autopsy, run.left) == (None, [])
    assert "so far" in run.ending.failure().evidence


def test_a_kill_during_the_last_look_ends_it(tmp_path):
    """Airflow gives a killed task five seconds; what was found stays found."""
    release = threading.Event()

    def kill(attempt):
        time.sleep(0.8)
        attempt.request_kill()

    run = Run(
        tmp_path,
        "sleep 300",
        examine=lambda: release.wait(60),
        during=kill,
        deadline=0.5,
    )
    release.set()
    assert run.ending.seconds < 25  # and not the 30 of the last look
    assert (run.ending.finding.verdict, run.left) == (Verdict.DEADLINE, [])


def test_a_limit_that_passes_while_the_task_is_killed_is_no_news(tmp_path):
    """Somebody ended it, whatever else would have."""

    def kill(attempt):
        time.sleep(0.3)
        attempt.request_kill()

    run = Run(
        tmp_path,
        "trap 'sleep 0.7; exit 1' TERM; while true; do sleep 0.1; done",
        during=kill,
        deadline=0.8,
    )
    assert (run.ending.cause, run.ending.finding, run.examined) == (Cause.KILLED, None, [])
    assert run.ending.failure().verdict is Verdict.KILLED


NOISE = "\\\\njava.nio.channels.ClosedChannelException\\\\n\\\\tat io.netty.channel.X.y(X.java:1)"


def test_what_a_killed_job_prints_while_it_goes_down_is_no_evidence(tmp_path):
    """Our own kill made it print that; what it printed before is."""

    def kill(attempt):
        time.sleep(0.7)
        attempt.request_kill()

    command = f"trap 'printf \"going down{NOISE}\\\\n\"; exit 143' TERM; echo part 3 of 9; "
    run = Run(tmp_path, f"{command} while true; do sleep 0.1; done", during=kill)
    assert run.ending.cause is Cause.KILLED
    assert run.ending.evidence == "part 3 of 9"
    assert "going down" in run.lines, "the log has it"


@pytest.mark.parametrize("end", ["exit 143", "exit 0", "kill -9 $PPID", "kill -TERM $PPID; sleep 300"])
def test_a_newer_try_is_named_whoever_goes_first(tmp_path, channel, end):
    """The newer one writes its note, and then ends reaper, JVM and Python at once."""
    note = f"echo '{Takeover(3, 36645.0).to_json()}' > '{tmp_path}/{NOTE}'; "
    run = Run(tmp_path, channel("hello", pid=1, python="3") + "echo part 3 of 9; " + note + end)
    error = run.ending.failure()
    assert run.ending.cause is Cause.TAKEN_OVER
    assert error.verdict is Verdict.TAKEN_OVER
    assert error.what == "Try 3 of this task took over at 10:10:45 UTC and ended this one."
    assert error.evidence.startswith("part 3 of 9")
    assert run.left == []


def test_a_job_that_was_done_when_a_newer_try_came_is_done(tmp_path, channel):
    """Its closing message and its exit code say so."""
    note = f"echo '{Takeover(3, 36645.0).to_json()}' > '{tmp_path}/{NOTE}'; "
    run = Run(tmp_path, channel("bye") + note + "exit 0")
    assert run.ending.failure() is None


@pytest.mark.parametrize(("code", "cause"), [(0, Cause.COMMAND_ENDED), (143, Cause.TAKEN_OVER)])
def test_a_jar_that_was_done_when_a_newer_try_came_is_done(tmp_path, code, cause):
    """It sends no closing message: its exit code says so alone."""
    note = f"echo '{Takeover(3, 36645.0).to_json()}' > '{tmp_path}/{NOTE}'; "
    run = Run(tmp_path, f"{note}exit {code}", has_launcher=False)
    assert run.ending.cause is cause
    assert (run.ending.failure() is None) == (code == 0)


def test_the_reaper_ends_what_this_process_does_not(tmp_path, monkeypatch):
    """At the backstop, for the case that the watch hangs."""
    monkeypatch.setattr("airflow_spark_guard.process.attempt._BACKSTOP", 0.0)
    run = Run(tmp_path, "sleep 300", backstop=1.0)
    assert (run.ending.cause, run.left) == (Cause.DEADLINE, [])
    assert str(run.ending.failure()).startswith("DEADLINE: The reaper ended the attempt after 1s")


def test_a_requested_kill_is_named_so(tmp_path):
    """What ``on_kill`` does, from a signal handler or a thread."""

    def kill(attempt):
        time.sleep(0.5)
        attempt.request_kill()

    run = Run(tmp_path, "sleep 300", during=kill)
    assert (run.ending.cause, run.left) == (Cause.KILLED, [])


def test_a_killed_reaper_is_noticed_and_its_leftovers_are_ended(tmp_path):
    """The sleeper in another session is found by its tag."""

    def kill(attempt):
        time.sleep(0.7)
        attempt._reaper.kill()

    run = Run(tmp_path, "setsid sleep 300 & sleep 300", during=kill)
    assert (run.ending.cause, run.ending.exit_status, run.left) == (Cause.REAPER_GONE, None, [])


def test_a_reaper_that_hangs_is_killed_and_its_leftovers_are_ended(tmp_path, monkeypatch):
    """Stopped, it ends nothing; the kernel ends its child, the tag tells the sleeper."""
    monkeypatch.setattr("airflow_spark_guard.process.attempt._PATIENCE", 0.5)

    def stop(attempt):
        time.sleep(0.7)
        attempt._reaper.send_signal(signal.SIGSTOP)

    run = Run(tmp_path, "setsid sleep 300 & sleep 300", during=stop, deadline=1.0)
    assert (run.ending.cause, run.ending.exit_status, run.left) == (Cause.FINDING, None, [])


def test_a_guardians_death_is_named(tmp_path):
    """The supervisor's."""
    guardian = subprocess.Popen(["sleep", "300"])

    def kill(_):
        time.sleep(0.7)
        guardian.kill()
        guardian.wait()

    run = Run(tmp_path, "sleep 300", guardians=[guardian.pid], during=kill)
    assert (run.ending.cause, run.left) == (Cause.GUARDIAN, [])


def test_a_flood_of_output_is_bounded_and_survived(tmp_path):
    """10 MB of words that differ go through; a thousand lines come out, and the last one is among them."""
    words = "''.join(chr(97 + n // 26 ** k % 26) * 33 for k in range(3)) + chr(10)"
    code = (
        "import sys\n"
        f"block = ''.join({words} for n in range(10000))\n"
        "for _ in range(10): sys.stdout.write(block)\n"
        "print('the end')"
    )
    flood = f'{sys.executable} -c "{code}"'
    run = Run(tmp_path, flood, budget=1000)
    assert run.ending.exit_status == 0
    assert 800 <= len(run.lines) <= 1000 + 40 + 21
    assert run.lines[-2:] == ["the end", "held back"]
    assert any("of 100002 lines of output were held back" in line for line in run.lines)


def test_what_is_printed_while_it_is_ended_is_for_the_record_alone(tmp_path):
    """A JVM that is told to stop prints pages, and none of them says why it was told."""
    run = Run(
        tmp_path,
        "trap 'echo last words; exit 1' TERM; echo ready; while true; do sleep 0.1; done",
        deadline=1.0,
    )
    assert run.lines == ["ready"]
    assert run.ending.evidence == "ready"
    assert run.recorded.endswith(b"last words\n")


def test_a_failed_start_leaves_nothing_open(tmp_path):
    """No descriptor, no process."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(TypeError), Attempt(launch_of(tmp_path, "true", "", env={"X": 1})):
        raise AssertionError("not reached")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_an_exception_in_the_watch_ends_the_attempt(tmp_path):
    """Airflow's execution_timeout is one, raised wherever the task happens to be."""
    mark, reader = new_attempt(), ChannelReader(tmp_path / "channel.jsonl")

    class Failing(Listening):
        def lines(self, lines: list[str]) -> None:
            if lines:
                raise KeyError("time-out")

    launch = launch_of(tmp_path, "setsid sleep 300 & echo x; sleep 300", mark)
    failing = Failing()
    with pytest.raises(KeyError, match="time-out"), Attempt(launch) as attempt:
        AttemptFollower(attempt, reader, JobOutput(10), Watch(watch_limits()), failing, failing).run()
    reader.close()
    assert marked(mark) == []


FLOOD = """\
import sys
sys.path.insert(0, {root!r})
from airflow_spark_guard.job import wire
with open({channel!r}, "ab") as channel:
    channel.write(wire.encode("hello", {{"pid": 1, "python": "3"}}, 1.0))
    channel.write(wire.encode("metric", {{"values": {{"step": 1}}}}, 1.0) * 5_000)
    channel.write(wire.encode("result", {{"value": 7}}, 1.0) + wire.encode("bye", {{}}, 1.0))
"""


def test_result_and_end_survive_any_flood(tmp_path, monkeypatch):
    """5,000 messages, more than one read takes, of a job that keeps no pace, and exit code 0: a success with its result."""
    monkeypatch.setattr(channel_module, "_READ_AT_ONCE", 1 << 16)
    script = tmp_path / "flood.py"
    script.write_text(FLOOD.format(root=str(ROOT), channel=str(tmp_path / "channel.jsonl")))
    run = Run(tmp_path, f"{sys.executable} {script}")
    assert (run.ending.channel_state.result, run.ending.channel_state.bye, run.ending.failure()) == (
        7,
        True,
        None,
    )
    assert len(run.messages) == 5_003


def test_an_observed_deadline_ends_nothing(tmp_path, channel):
    """It is said once, with the autopsy; the job comes to its own end, and that is what counts."""
    seen = Autopsy("/jobs/a.py:3, fit", ("blocked",), "text")
    command = (
        channel("hello", pid=1, python="3") + "echo one; sleep 2; echo two; " + channel("bye") + "exit 0"
    )
    run = Run(tmp_path, command, examine=lambda: seen, deadline=0.5, observe=True)
    assert [(verdict, autopsy, evidence) for verdict, autopsy, evidence, _ in run.observed] == [
        (Verdict.DEADLINE, seen, "one")
    ]
    assert (run.ending.cause, run.ending.exit_status, run.ending.finding) == (Cause.COMMAND_ENDED, 0, None)
    assert run.ending.failure() is None
    assert run.lines == ["one", "two", "held back"]
    assert not (tmp_path / "cancel").exists()
    assert run.left == []


def test_an_observed_job_that_fails_fails_by_its_own_outcome(tmp_path, channel):
    """Not by what was observed, and never as a success."""
    said = {"category": "user", "type": "ValueError", "message": "no rows", "traceback": "", "frames": []}
    run = Run(tmp_path, "sleep 1; " + channel("error", **said) + "exit 1", deadline=0.3, observe=True)
    assert [verdict for verdict, *_ in run.observed] == [Verdict.DEADLINE]
    assert run.ending.failure().verdict is Verdict.USER_CODE


@pytest.mark.parametrize("end", ["exit 0", "kill -9 $$"])
def test_an_observed_driver_that_vanishes_is_no_success(tmp_path, channel, end):
    """Without its closing message there is none, whatever was observed before."""
    run = Run(tmp_path, channel("hello", pid=1, python="3") + f"sleep 1; {end}", deadline=0.3, observe=True)
    assert [verdict for verdict, *_ in run.observed] == [Verdict.DEADLINE]
    assert run.ending.failure().verdict in (Verdict.DRIVER_GONE, Verdict.JVM_GONE)


def test_a_driver_that_goes_and_leaves_its_jvm_is_ended_in_observe_mode_too(tmp_path, channel, monkeypatch):
    """Its script cannot come to an end any more."""
    monkeypatch.setattr(watchdog, "_HALF_A_DRIVER", 0.5)
    gone = subprocess.Popen(["sleep", "1"])
    threading.Thread(target=gone.wait).start()
    command = channel("hello", pid=gone.pid, python="3") + "sleep 300"
    run = Run(tmp_path, command, observe=True)
    assert (run.ending.cause, run.ending.finding.verdict) == (Cause.FINDING, Verdict.DRIVER_GONE)
    assert run.left == []


def test_output_goes_on_during_an_autopsy_of_observe_mode(tmp_path):
    """It may take its whole budget; what the job prints meanwhile is shown meanwhile."""
    printed = tmp_path / "printed"

    def examine():
        (tmp_path / "go").touch()
        while not printed.exists():
            time.sleep(0.05)
        return Autopsy()

    run = Run(
        tmp_path,
        f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; seq 1 60000; touch {printed}; sleep 1",
        examine=examine,
        budget=100,
        deadline=0.5,
        observe=True,
        has_launcher=False,
    )
    ((_, autopsy, _, shown),) = run.observed
    assert autopsy == Autopsy()
    assert shown > 0
    assert (run.ending.exit_status, run.ending.failure()) == (0, None)


def test_an_autopsy_of_observe_mode_over_its_budget_holds_nothing_up(tmp_path):
    """The finding is said without it, and the job's end is its own."""
    release = threading.Event()
    run = Run(
        tmp_path,
        "echo so far; sleep 4",
        examine=lambda: release.wait(60),
        deadline=0.5,
        observe=True,
        has_launcher=False,
    )
    release.set()
    assert [(verdict, autopsy) for verdict, autopsy, *_ in run.observed] == [(Verdict.DEADLINE, None)]
    assert (run.ending.failure(), run.left) == (None, [])


def test_what_was_found_just_before_the_end_is_said_all_the_same(tmp_path):
    """Without the autopsy, which had no time."""
    release = threading.Event()
    run = Run(
        tmp_path,
        "sleep 0.9",
        examine=lambda: release.wait(60),
        deadline=0.5,
        observe=True,
        has_launcher=False,
    )
    release.set()
    assert [verdict for verdict, *_ in run.observed] == [Verdict.DEADLINE]
    assert run.ending.seconds < 25


def test_a_kill_during_an_autopsy_of_observe_mode_ends_the_job(tmp_path):
    """Airflow gives it five seconds."""
    release = threading.Event()

    def kill(attempt):
        time.sleep(0.8)
        attempt.request_kill()

    run = Run(
        tmp_path, "sleep 300", examine=lambda: release.wait(60), during=kill, deadline=0.5, observe=True
    )
    release.set()
    assert (run.ending.cause, run.left) == (Cause.KILLED, [])
    assert [verdict for verdict, *_ in run.observed] == [Verdict.DEADLINE]


def test_without_a_backstop_the_reaper_waits_for_the_jobs_own_end(tmp_path):
    """Observe mode without an execution_timeout: its deadline is no number."""
    run = Run(tmp_path, "sleep 0.5", backstop=float("inf"), observe=True, has_launcher=False)
    assert (run.ending.cause, run.ending.exit_status) == (Cause.COMMAND_ENDED, 0)


class Sampled(Listening):
    """A listener whose stack samples are counted."""

    samples = 0

    def sample(self, _channel_state, _now):
        self.samples += 1
        return Autopsy(place="a.py:3, f", text="stacks")


def live_run(tmp_path, command, *requests, **limits):
    """An attempt with a live page; its ending, its record, and its listener."""
    mark, listener = new_attempt(), Sampled()
    with (
        Record(tmp_path / "root" / "dag" / "run" / "try-1", 1 << 20) as record,
        closing(ChannelReader(tmp_path / "channel.jsonl")) as reader,
        Attempt(launch_of(tmp_path, command, mark)) as attempt,
    ):
        watch = Watch(watch_limits(**{"deadline": None, **limits}))
        live = Live(record, watch, LiveState(None), Asked(None, None, *requests), lambda _: None)
        ending = AttemptFollower(attempt, reader, JobOutput(1000), watch, listener, listener, live).run()
        live.close()
    assert marked(mark) == []
    end_all(mark)
    return ending, record.folder, listener


def test_a_user_ends_it_on_the_live_page(tmp_path):
    """As a limit would, with the user's name; also in observe mode."""
    request = LiveRequest("a" * 32, "end", "alice", 1.0)
    ending, folder, listener = live_run(tmp_path, "sleep 300", request, observe=True)
    assert (ending.cause, ending.how, listener.examined) == (
        Cause.FINDING,
        "alice ended it",
        [Verdict.KILLED],
    )
    error = ending.failure()
    assert (error.verdict, error.retry) == (Verdict.KILLED, False)
    assert error.what.startswith("alice ended the job")
    assert json.loads((folder / "live.json").read_text())["phase"] == "ending"
    assert json.loads((folder / f"answer-{request.id}.json").read_text())["state"] == "done"


def test_a_stack_sample_on_the_live_page_ends_nothing(tmp_path):
    """The watch goes on after it."""
    request = LiveRequest("a" * 32, "stacks", "alice", 1.0)
    ending, folder, listener = live_run(tmp_path, "sleep 300", request, deadline=3.0)
    assert (ending.cause, ending.finding.verdict, ending.asked_by) == (Cause.FINDING, Verdict.DEADLINE, "")
    assert listener.samples == 1
    assert (folder / f"sample-{request.id}.txt").read_text() == "stacks"
