"""A whole run with processes and web servers that stand in for Spark's: the watch ends it, or it ends."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import closing, suppress

import pytest

from airflow_spark_guard.attempt import loop
from airflow_spark_guard.attempt.client_run import ClientRun, prove_gone
from airflow_spark_guard.attempt.observer import Application
from airflow_spark_guard.attempt.spec import Job, Program
from airflow_spark_guard.attempt.submission import SubmitRequest, prepare
from airflow_spark_guard.attempt.user_conf import UserConf
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch import watchdog
from airflow_spark_guard.process import autopsy
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.workspace import Workspace
from airflow_spark_guard.sources.master import AsyncMasterSource, MasterSource
from tests.support.attempts import spec
from tests.support.dialogue import recorded
from tests.support.paths import DATA
from tests.support.processes import MARK, end_all, marked, seconds_until
from tests.support.spark_standin import SUBMIT, Standins, backend, jvm_command
from tests.support.task_log import TaskLog
from tests.support.web_server import say, serving

VERSION = "4.2.0"
APP = recorded(VERSION, "applications")[0]["id"]
STATE = recorded("4.3.0", "master")
MASTER_APP = STATE["activeapps"][0]
DUMP = DATA / "stacks" / "sigquit.txt"
# A job on a cluster says so in another hello.
HELLO = """\
import json, os
with open(os.environ["SPARK_GUARD_CHANNEL"], "a") as channel:
    print(json.dumps({{"v": 1, "kind": "hello", "t": 1.0, "pid": os.getpid(), "python": "3",
        "application_id": "{app}", "ui_url": "{url}"}}), file=channel)
"""
HANG = "import threading\n\ndef fit():\n    threading.Event().wait()\n\nfit()\n"
SHORT = GuardLimits(
    deadline="60s",
    start_timeout="2s",
    stall_timeout="3s",
    exit_timeout="1s",
    poll_interval="500ms",
    autopsy_budget="5s",
    kill_grace="1s",
)


def stalled(handler, _):
    """A driver whose counters never move."""
    path = handler.path.partition("?")[0]
    name = "metrics" if "/metrics/" in path else path.rpartition("/")[2]
    rows = json.dumps(recorded(VERSION, name))
    # Nobody serves the recorded log pages.
    say(handler, rows.replace("http://127.0.0.1:38507", "http://127.0.0.1:1").encode())


class Master:
    """A standalone master; ``kills`` says whether it ends an application when told to."""

    def __init__(self, *, running: bool = True, kills: bool = True, known: bool = True) -> None:
        self.running, self.kills, self.known, self.told = running, kills, known, 0

    def __call__(self, handler, form):
        if form is not None:
            self.told += 1
            self.running = self.running and not self.kills
            say(handler, status=302, Location="/")
            return
        apps = [MASTER_APP] if self.known else []
        state = {"activeapps": apps, "completedapps": []}
        if not self.running:
            state = {"activeapps": [], "completedapps": apps}
        say(handler, json.dumps({**STATE, **state}).encode())


class Stand:
    """What a guarded run needs around it."""

    def __init__(self, tmp_path) -> None:
        self.tmp_path, self.mark, self.log = tmp_path, new_attempt(), TaskLog()
        self.tag = Tag(new_attempt(), new_attempt())
        self.workspace = Workspace(self.tag.task)
        self.record = tmp_path / "record"
        self.standins = Standins(tmp_path, self.tag)  # writes what the workers run
        self.seconds = 0.0

    def guarded(
        self, limits=SHORT, master="local-cluster[1,1,1024]", conf=None, master_ui=None, **fields
    ) -> ClientRun:
        conf = {"spark.executor.heartbeatInterval": "1s", **(conf or {})}
        request = SubmitRequest(
            master=master,
            profile=SparkProfile("none"),
            user_conf=UserConf(conf=conf),
            tag=str(self.tag),
            environment={MARK: self.mark},
        )
        program = (
            Program("job.py") if fields.pop("has_launcher", True) else Program("job.jar", java_class="A")
        )
        job = Job(program, prepare(request, self.workspace), self.workspace)
        fields = {"record": self.record, **fields}
        return ClientRun(spec(limits, self.tag, self.log, **fields), job, master_ui)

    def run(self, command, *, on_start=None, env=None, **fields):
        run = self.guarded(**fields)
        if on_start is not None:
            run.spec.kill_switch.connect = on_start
        self.workspace.channel.unlink(missing_ok=True)  # of an earlier run
        begin = time.monotonic()
        try:
            return run.run(command, {**os.environ, MARK: self.mark, **(env or {})}).result
        finally:
            self.seconds = time.monotonic() - begin

    def script(self, text: str, *executors: list[str], output: str = "/dev/stdout", **fields):
        """Run a script below our launcher, below a stand-in for the driver's JVM."""
        file = self.tmp_path / "script.py"
        file.write_text(text)
        self.workspace.write_launcher(sys.executable)
        command = jvm_command(SUBMIT, [str(self.workspace.driver_python), str(file)], *executors)
        env = {
            "PYTHONWARNINGS": "ignore",
            "SIGQUIT_PRINTS": str(DUMP),
            "OUTPUT": output,
            **self.workspace.environment(1000),
        }
        # The stand-ins of workers are imported from where they lie.
        launched = ["sh", "-c", 'cd "$0" && exec "$@"', str(self.tmp_path), *command]
        return self.run(launched, env=env, **fields)

    def executor(self, *workers: str) -> list[str]:
        return jvm_command(backend("1"), self.standins.daemon(*workers))

    @property
    def summary(self):
        return json.loads((self.record / "summary.json").read_text())

    def end(self) -> None:
        end_all(self.mark)
        self.workspace.remove()


@pytest.fixture
def stand(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_CANCEL_TIME", 0.2)  # no Spark job is there to be cancelled
    made = Stand(tmp_path)
    yield made
    left = marked(made.mark)
    made.end()
    assert left == []


def test_a_stage_that_hangs_is_ended_and_its_line_is_named(stand):
    """STALLED: the API's counters stand still, the worker is blocked; the driver's own line is the lesser."""
    with serving(stalled) as url, pytest.raises(errors.StalledError) as caught:
        stand.script(HELLO.format(app=APP, url=url) + HANG, stand.executor("lock"))
    error, summary = caught.value, stand.summary
    assert error.where == f"{stand.tmp_path}/hanging_job.py:5, lock"
    assert error.got.startswith("1 of 3 tasks done, 2 running, 1 worker blocked at ")
    assert error.record == str(stand.record)
    assert "a-secret" not in str(error)
    assert {name: summary[name] for name in ("state", "verdict", "place", "orphans", "application_id")} == {
        "state": "failed",
        "verdict": "STALLED",
        "place": error.where,
        "orphans": [],
        "application_id": APP,
    }
    assert summary["limit_s"] == 3.0
    assert 3.0 < summary["limit_reached_at_s"] <= summary["ended_at_s"] < stand.seconds
    assert "hanging_job.py:5, lock" in (stand.record / "autopsy.txt").read_text()
    observations = (stand.record / "observations.jsonl").read_text().splitlines()
    assert json.loads(observations[-1])["driver"]["stages"][0]["stage"] == 2
    assert "Collecting diagnostics before ending the job." in stand.log.warnings
    assert "Full thread dump" not in stand.log.infos


def test_a_driver_that_hangs_is_ended_and_its_line_is_named(stand):
    """DRIVER_SILENT, by the launcher's own handler."""
    limits = GuardLimits(**{**vars(SHORT), "driver_silence": "2s"})
    with pytest.raises(errors.DriverSilentError) as caught:
        stand.script(HANG, limits=limits)
    assert caught.value.where == f"{stand.tmp_path}/script.py:4, fit"
    assert stand.summary["verdict"] == "DRIVER_SILENT"
    # Three times as long where a crowded machine makes it look busy.
    assert stand.summary["limit_s"] in (2.0, 6.0)


def test_a_driver_that_died_under_a_jvm_that_stays_is_the_verdict(stand, monkeypatch):
    """Half an application would stay until the deadline."""
    monkeypatch.setattr(watchdog, "_HALF_A_DRIVER", 1.0)
    text = "import os, signal, time\ntime.sleep(1)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    with pytest.raises(errors.DriverGoneError):
        stand.script(text, stand.executor("lock"))
    assert (stand.summary["verdict"], stand.summary["limit_s"]) == ("DRIVER_GONE", 1.0)
    assert stand.summary["ended_at_s"] < 20


def test_a_deadline_names_the_line_too(stand):
    """Whatever it hangs in."""
    with pytest.raises(errors.DeadlineError) as caught:
        stand.script(HANG, limits=GuardLimits(deadline="3s", kill_grace="1s"))
    assert caught.value.where == f"{stand.tmp_path}/script.py:4, fit"
    assert (caught.value.limit, stand.summary["verdict"]) == (3.0, "DEADLINE")
    assert stand.summary["ended_at_s"] < 14


def test_a_script_that_is_well_is_a_success(stand):
    """Nothing is examined; the record tells how it ended."""
    assert stand.script("print('words')\n") is None
    assert stand.summary["state"] == "success"
    assert (stand.summary["verdict"], stand.summary["limit_s"], stand.summary["exit_status"]) == ("", None, 0)
    assert not (stand.record / "autopsy.txt").exists()
    assert (stand.record / "output.log").read_text() == "words\n"
    assert "no processes left" in stand.log.infos
    assert stand.log.warnings == ""


def test_an_error_of_the_user_counts_although_its_process_stays(stand):
    """NOT_EXITING is the lesser news."""
    text = "import threading\nthreading.Thread(target=threading.Event().wait).start()\nraise ValueError('no rows')\n"
    with pytest.raises(errors.UserCodeError, match="^USER_CODE: The application raised ValueError: no rows"):
        stand.script(text)
    assert (stand.summary["verdict"], stand.summary["limit_s"]) == ("USER_CODE", 1.0)


def test_a_kill_during_the_last_look_ends_the_attempt_at_once(stand, monkeypatch):
    """Airflow gives a killed task five seconds."""
    attempts = []

    def kill():
        while "Collecting diagnostics" not in stand.log.warnings:
            time.sleep(0.01)
        attempts[0].request_kill()

    thread = threading.Thread(target=kill)

    def started(attempt):
        attempts.append(attempt)
        thread.start()

    over, looked = threading.Event(), []
    monkeypatch.setattr(autopsy, "take", lambda *_: looked.append(over.wait(600)))  # a look that lasts
    with pytest.raises(errors.DeadlineError):
        stand.script(
            HANG,
            on_start=started,
            output="/dev/null",
            limits=GuardLimits(deadline="3s", kill_grace="1s", autopsy_budget="60s"),
        )
    thread.join()
    assert looked == []
    assert stand.summary["verdict"] == "DEADLINE"
    assert not (stand.record / "autopsy.txt").exists()
    over.set()


def test_without_a_record_folder_nothing_is_written(stand):
    """And the error names none."""
    with pytest.raises(errors.UserCodeError) as caught:
        stand.run(["sh", "-c", "exit 3"], has_launcher=False, record=None)
    assert caught.value.record == ""
    assert not stand.record.exists()


def test_a_record_that_cannot_be_written_is_said_once_and_harms_nothing(stand):
    """Here the folder's parent is a file."""
    (stand.tmp_path / "file").touch()
    fields = {"has_launcher": False, "record": stand.tmp_path / "file" / "record"}
    assert stand.run(["sh", "-c", "echo words"], **fields) is None
    said = f"The record {fields['record']} cannot be written: File exists."
    assert stand.log.warnings == said
    with pytest.raises(errors.UserCodeError) as caught:
        stand.run(["sh", "-c", "exit 3"], **fields)
    assert caught.value.record == ""


def test_a_watch_that_is_broken_off_is_in_the_record(stand):
    """A channel that somebody else writes to, and Airflow's time-out, raised anywhere."""
    foreign = f"echo not ours >> {stand.workspace.channel}; sleep 300"
    with pytest.raises(errors.ProtocolError):
        stand.run(["sh", "-c", foreign])
    assert (stand.summary["state"], stand.summary["verdict"]) == ("failed", "UNKNOWN")
    assert "does not follow the wire protocol" in stand.summary["what"]

    def time_out(_):
        raise KeyError("time-out")

    with pytest.raises(KeyError):
        stand.run(["sleep", "300"], on_start=time_out)
    assert stand.summary["what"] == "The watch ended: KeyError."


def test_while_it_runs_the_record_says_so(stand):
    """With its limits; a reader need not wait for the end."""
    found, before = [], time.time()

    def look(_):
        while not found:
            try:
                found.append(stand.summary)
            except FileNotFoundError:
                time.sleep(0.01)

    stand.run(["true"], has_launcher=False, on_start=look)
    assert found[0]["state"] == "running"
    assert found[0]["limits"]["stall_timeout"] == "3s"
    assert before <= found[0]["started_at"] <= time.time()


@pytest.mark.parametrize("memory", ["1g", "4g"])
def test_an_executor_that_fits_nowhere_is_refused_before_the_launch(stand, memory):
    """``local-cluster`` says itself how large its workers are."""
    run = stand.guarded(conf={"spark.executor.memory": memory})
    if memory == "1g":
        run.preflight()
        assert stand.log.warnings == ""
        return
    with pytest.raises(errors.ImpossibleError, match="Set spark.executor.memory to 1024m or less"):
        run.preflight()


def test_a_standalone_master_is_asked_whether_it_fits(stand):
    """Its page as the connection names it; one without workers is a warning, one that is silent is none."""
    with serving(Master()) as ui:
        run = stand.guarded(master=STATE["url"], master_ui=ui)
        run.preflight()
        assert run.found_ui == ui
        large = stand.guarded(master=STATE["url"], master_ui=ui, conf={"spark.executor.memory": "4g"})
        with pytest.raises(errors.ImpossibleError):
            large.preflight()
    silent = stand.guarded(master=STATE["url"], master_ui="http://127.0.0.1:1")
    silent.preflight()
    assert silent.found_ui == ""
    assert stand.log.warnings == ""
    empty = json.dumps({**STATE, "workers": []}).encode()
    with serving(lambda handler, _: say(handler, empty)) as ui:
        stand.guarded(master=STATE["url"], master_ui=ui).preflight()
    assert stand.log.warnings == "The Spark master currently has no living worker; the job will wait for one."


@pytest.mark.parametrize("huge", [10**400, -(10**400), 1e308, True, "x", None, [], {}])
def test_a_master_that_lies_fails_no_task_before_its_launch(stand, huge):
    """It is as if nothing were known; or it says that there is no room, which is an error of ours."""
    workers = [{**STATE["workers"][0], "cores": huge, "memory": huge, "coresused": huge, "memoryused": huge}]
    for lie in ({"workers": workers}, {"workers": huge}, {"status": huge}, {"activeapps": huge}):
        state = json.dumps({**STATE, **lie}).encode()
        with (
            serving(lambda handler, _, state=state: say(handler, state)) as ui,
            suppress(errors.ImpossibleError),
        ):
            stand.guarded(master=STATE["url"], master_ui=ui).preflight()


def proof(server, application=MASTER_APP["id"], patience=1.0):
    with serving(server) as ui, closing(MasterSource(AsyncMasterSource(STATE["url"], ui))) as master:
        return prove_gone(master, application, patience)


def test_an_application_that_its_master_has_let_go_is_proven_gone():
    """At once, and without being told to."""
    master = Master(running=False)
    assert (proof(master), master.told) == ((), 0)


def test_an_application_that_stays_is_ended_at_its_master():
    """Told once, after half of the patience."""
    master = Master()
    assert (proof(master), master.told) == ((), 1)


def test_an_application_that_does_not_go_is_named():
    """As a possible orphan, with the reason."""
    master = Master(kills=False)
    assert proof(master) == (f"{MASTER_APP['id']} (its master still runs it)",)
    assert master.told == 1
    assert proof(Master(known=False)) == ()
    assert prove_gone(None, MASTER_APP["id"], 1.0) == ()
    assert proof(Master(), application="") == ()


def test_what_cannot_be_proven_gone_is_in_error_record_and_log(stand, monkeypatch):
    """The run asks the master of an application that spark-submit has named."""
    monkeypatch.setattr("airflow_spark_guard.attempt.client_run._PROOF_PATIENCE", 0.5)
    line = f"StandaloneSchedulerBackend: Connected to Spark cluster with app ID {MASTER_APP['id']}"
    with serving(Master(kills=False)) as ui, pytest.raises(errors.UserCodeError) as caught:
        stand.run(
            ["sh", "-c", f"echo '{line}'; exit 3"], has_launcher=False, master=STATE["url"], master_ui=ui
        )
    orphan = f"{MASTER_APP['id']} (its master still runs it)"
    assert caught.value.orphans == (orphan,)
    assert stand.summary["orphans"] == [orphan]
    assert f"Could not confirm termination of: {orphan}" in stand.log.warnings
    assert caught.value.verdict is Verdict.USER_CODE


def test_a_killed_task_does_not_wait_long_for_its_master(stand):
    """Airflow would kill it before its record is written."""
    master = Master(kills=False)
    line = f"StandaloneSchedulerBackend: Connected to Spark cluster with app ID {MASTER_APP['id']}"

    def kill(attempt):
        def later():
            seconds_until(lambda: MASTER_APP["id"] in stand.log.infos, 60, "output")
            attempt.request_kill()

        threading.Thread(target=later).start()

    with serving(master) as ui, pytest.raises(errors.KilledError) as caught:
        stand.run(
            ["sh", "-c", f"echo '{line}'; sleep 300"],
            has_launcher=False,
            master=STATE["url"],
            master_ui=ui,
            on_start=kill,
        )
    assert master.told == 1
    assert caught.value.orphans == (f"{MASTER_APP['id']} (its master still runs it)",)


def test_an_application_is_told_while_it_runs_and_of_a_short_job_at_its_end(stand):
    """On the thread that runs it."""
    told = []

    def tell(found):
        told.append((found, threading.current_thread()))

    said = HELLO.format(app=APP, url="http://h:4040")
    stand.script(said, on_application=tell)
    assert told == [(Application(APP, "http://h:4040"), threading.main_thread())]


# The driver goes on once it may, and takes its executors along as a SparkContext does.
GOES_ON = """\
import os, signal

def fit():
    open({pipe!r}).read()

fit()
with open(f"/proc/{{os.getppid()}}/task/{{os.getppid()}}/children") as file:
    others = [int(pid) for pid in file.read().split() if int(pid) != os.getpid()]
for pid in others:
    os.kill(pid, signal.SIGKILL)
"""


def test_a_stage_that_hangs_is_only_said_in_observe_mode(stand):
    """With the line and the autopsy of the other mode, once; the job ends by itself, and that counts."""
    told, pipe = [], stand.tmp_path / "pipe"
    os.mkfifo(pipe)

    def tell(error):
        told.append(error)
        threading.Thread(target=pipe.write_text, args=("",)).start()  # it waits for who reads

    limits = GuardLimits(**{**vars(SHORT), "on_finding": "warn", "exit_timeout": "30s"})
    with serving(stalled) as url:
        text = HELLO.format(app=APP, url=url) + GOES_ON.format(pipe=str(pipe))
        assert stand.script(text, stand.executor("lock"), limits=limits, on_observed=tell) is None
    (error,) = told
    place = f"{stand.tmp_path}/hanging_job.py:5, lock"
    assert (error.verdict, error.where, error.record) == (Verdict.STALLED, place, str(stand.record))
    summary = stand.summary
    assert (summary["state"], summary["verdict"]) == ("success", "")
    ((row),) = summary["observed"]
    assert (row["verdict"], row["place"], row["limit_s"]) == ("STALLED", place, 3.0)
    assert "hanging_job.py:5, lock" in (stand.record / "autopsy.txt").read_text()
    warnings = stand.log.warnings
    assert warnings.count("Observed, not ended") == 1
    assert f"  where: {place}" in warnings
    assert "before it is ended" not in warnings
