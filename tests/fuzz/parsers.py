"""Every parser of outside input, each with what it takes and what it may raise.

``tests/fuzz/test_parsers.py`` gives each some inputs, ``tools/fuzz.py`` gives them for as long as one likes.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.cluster.cluster_ending import ClusterEnding, cluster_failure
from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.cluster_watch import ClusterWatch
from airflow_spark_guard.core.cluster.place import ClusterPlace
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.cluster.trigger_event import ending_of, watched_by
from airflow_spark_guard.core.cluster.trigger_event import event_of as cluster_event_of
from airflow_spark_guard.core.conf import properties
from airflow_spark_guard.core.conf.conf_draft import ConfValue
from airflow_spark_guard.core.conf.conf_lint import check_conf
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.errors import ApplicationError, ProtocolError, SparkGuardError
from airflow_spark_guard.core.event import event_of, read_event
from airflow_spark_guard.core.failure.classify import diagnose
from airflow_spark_guard.core.failure.ending import Cause, Ending, failure
from airflow_spark_guard.core.failure.executor_log import DeadLog, best, telling
from airflow_spark_guard.core.failure.reaper_report import read_report
from airflow_spark_guard.core.failure.takeover import Takeover
from airflow_spark_guard.core.output.masked_lines import MaskedLines
from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.message_lines import MessageLines
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import LevelOf, SparkFilter
from airflow_spark_guard.core.protocol import parse_lines
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.submitter import state_told_by, target_told_by
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.result import result_trouble
from airflow_spark_guard.core.stacktraces.jvm_dump import JvmDumpSplitter, parse_dump
from airflow_spark_guard.core.stacktraces.jvm_stack import task_readings
from airflow_spark_guard.core.stacktraces.python_dump import last_dump, parse_dumps
from airflow_spark_guard.core.stacktraces.python_stack import fingerprints, parse_py_spy
from airflow_spark_guard.core.stacktraces.python_task import stage_of
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.executor_heartbeat import heard as heartbeats
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.heard import Heard
from airflow_spark_guard.core.watch.observation import Executor, Observation
from airflow_spark_guard.core.watch.submit_log import SubmitLog
from airflow_spark_guard.core.web.answer import Answer
from airflow_spark_guard.core.web.master_page import read_page
from tests.support.mutations import as_bytes, mutated, mutated_json
from tests.support.paths import DATA, TESTS
from tests.unit.core.web.test_lies import ANSWERS, DIALOGUES, play

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1.8e9


@dataclass(frozen=True)
class Parser:
    """One parser.

    Attributes:
        name: for reports.
        make: an input, by a ``random.Random``.
        run: parses it, and uses what comes of it as the package does.
        allowed: the exceptions that its documentation names.
    """

    name: str
    make: Callable[[Any], Any]
    run: Callable[[Any], None]
    allowed: tuple[type[Exception], ...] = ()


def files(folder, pattern="*", length=6000):
    found = sorted(path for path in (TESTS / folder).rglob(pattern) if path.is_file())
    return [path.read_bytes()[:length] for path in found]


GOLDEN = (DATA / "golden" / "messages.jsonl").read_bytes().splitlines()
MESSAGES = [json.loads(line) for line in GOLDEN]
WORDS = [
    b'{"v":1,"kind":"', b'"heartbeat":{"count":1,"text":"x","done":1,"total":null}', b"ERROR ", b"WARN ",
    b"26/11/29 12:00:00 WARN TaskSetManager: Lost task 1.0 in stage 2.0 (TID 3) (h executor 1): ",
    b"Traceback (most recent call last):\n", b'  File "/a/b.py", line 3, in f\n', b"ValueError: x\n",
    b"Lost executor 3 on h: ", b"SparkUI", b"app ID", b"Executor ", b"Caused by: java.lang.X: y\n",
    b"\tat a.b.C(D.java:1)\n", b"Full thread dump ", b'"main" #1 prio=5 os_prio=0 tid=0x1 nid=0x1 runnable\n',
    b"Current thread 0x00007 (most recent call first):\n", b"Thread 0x0001 (most recent call first):\n",
    b"spark-guard-heartbeat ", b"password=", b"exit code 137", b"[Stage 3:=====>    (3 + 4) / 9]\r", b"Py4JJavaError",
]  # fmt: skip
OUTPUT = [
    *files("data/toolchain"),
    *files("data/executor-stderr"),
    *files("data/stacks", "*.txt"),
    b"".join(WORDS),
]


def hear(lines):
    heard, shown = Heard(), MessageLines()
    budget = MessageBudget.beside(JobOutput(20))
    for message in parse_lines(lines.split(b"\n")):
        heard.hear(message, 1.0)
        for line in shown.lines(message, 1.0):
            budget.take(line.text, 1.0)
            budget.progress(line.text, 1.0)
        if message.kind == "result":
            result_trouble(message.fields["value"], 1000)
        json.dumps(Observation(1.0, inside=heard.inside).to_json(), allow_nan=False)
    budget.finish()
    for status in (None, 0, 1, 137, -9):
        error = failure(Ending(Cause.COMMAND_ENDED, status, heard=heard))
        str(error)


def read_output(data):
    output, submit, levels = JobOutput(50, SparkFilter("WARN")), SubmitLog(), LevelOf()
    splitter, masked = JvmDumpSplitter(), MaskedLines()
    places = sorted({0, len(data) // 3, len(data) // 2, len(data)})
    for number, (start, end) in enumerate(pairwise(places)):
        chunk = data[start:end]
        masked.take(chunk)
        for line in output.feed(splitter.feed(chunk), float(number)):
            levels.line(line)
    output.feed(splitter.finish(), 9.0)
    masked.rest()
    output.finish(9.0)
    for line in data.split(b"\n"):
        submit.hear(line.decode(errors="replace"), 1.0)
    submit.exits.take()
    for evidence in (output.evidence(), output.evidence(failed=False), output.ended()):
        for status in (None, 1, 137):
            diagnose(evidence, status)
            str(failure(Ending(Cause.COMMAND_ENDED, status, speaks=False, evidence=evidence)))
    parse_dump(splitter.dump)


def read_executor_log(data):
    text = data.decode(errors="replace")
    heartbeats(heartbeats({}, {"1": text}), {"1": text, "2": text[5:]})
    for registered in (True, False):
        log = DeadLog("1", "h", text[:300], text, registered)
        telling(log)
        best([log, log])
    diagnose(text)


def read_stacks(data):
    text = data.decode(errors="replace")
    dumps = parse_dumps(text)
    for dump in dumps:
        fingerprints(dump.threads)
        stage_of(dump.threads)
    last_dump(dumps, 2)
    threads = parse_py_spy(data)
    fingerprints(threads)
    stage_of(threads)
    found = parse_dump(text)
    task_readings(found, Executor(id="1", active=True))


def read_properties(data):
    text = data.decode(errors="replace")
    conf = properties.parse(text)
    assert properties.parse(properties.render(conf)) == conf
    values = {key: ConfValue(value, "file") for key, value in conf.items()}
    check_conf(values, spark_version=(4, 2), master="local[1]")


CONFS = [SparkProfile.of(name).to_defaults_conf().encode() for name in ("default", "ml-training", "strict")]


def ask(case):
    name, replies = case
    play(DIALOGUES[name](), [Answer(status, body, NOW) for status, body in replies])


def replies(random):
    def one():
        body = as_bytes(mutated_json(random, ANSWERS))
        if random.random() < 0.3:
            body = mutated(random, [body])
        return random.choice((200, 200, 200, 200, 404, 401, 500)), body

    return random.choice(list(DIALOGUES)), [one() for _ in range(random.randint(1, 3))]


JOB = ClusterJob("application_1_2", "1-a", NOW - 60, NOW + 60, 300.0, 60.0, "file:///a/b/c")
PLACE = ClusterPlace("yarn", ("http://rm:8088",))
FINDING = Finding(Verdict.DEADLINE, "What.", 60.0, 70.0, got="got", expected="expected", advice="advice")
STATUS = ClusterStatus(ClusterState.FAILED, "application_1_2", "FAILED", "said", 1, submitted_at=NOW)


def cluster_events():
    watch = ClusterWatch(JOB.limits, "YARN")
    final = watch.see(STATUS, NOW)
    yield json.loads(json.dumps(cluster_event_of(final, JOB, PLACE)))
    finding = {**asdict(FINDING), "verdict": str(FINDING.verdict)}
    yield {**cluster_event_of(final, JOB, PLACE), "final": None, "finding": json.loads(json.dumps(finding))}


EVENTS = list(cluster_events())
OUTCOMES = [
    event_of(Outcome.of(error, Memory())) for error in (None, FINDING, ApplicationError("x", got="y"))
]
TOLD = [
    {"application_id": "app-1", "driver_ui": "http://h:4040", "task": "running", "earlier": ["app-0"]},
    {
        "name": "n",
        "master": "spark://h:7077",
        "master_ui": "http://h:8080",
        "history_server": "http://h:18080",
    },
]


def wake(event):
    try:
        watched = watched_by(event)
        if watched is not None:
            job, place = watched
            ClusterWatch(job.limits, place.manager.capitalize()).see(STATUS, NOW)
            json.dumps([job.to_json(), place.to_json(), job.speaks])
    finally:
        ending = ending_of(event)
    str(cluster_failure(ending))
    assert isinstance(ending, ClusterEnding)


def told(value):
    state_told_by(value, "app-1")
    target_told_by(value, Target()).check()


def read_outcome(value):
    outcome = read_event(Outcome, value)
    str(outcome.failure())


def read_memory(value):
    json.dumps(Memory.from_json(value).to_json())


def read_plan(value):
    plan = Plan.from_json(value)
    json.dumps(plan.to_json())


OBSERVATIONS = [
    json.loads(line)
    for path in sorted((DATA / "traces").rglob("*.jsonl"))[:12]
    for line in path.read_text().splitlines()[1:4]
]
NOTES = [Takeover.by("3-" + "a" * 32, NOW).to_json().encode()]
REPORTS = [b'{"reason": "ended", "exit": 0, "found": ["7 sleep"], "left": []}\n']


def read_notes(data):
    text = data.decode(errors="replace")
    note = Takeover.from_json(text)
    if note is not None:
        assert note.who
        assert note.when
    report = read_report(data)
    str(
        failure(
            Ending(Cause.KILLED, (report or {}).get("exit"), orphans=tuple((report or {}).get("left", ())))
        )
    )


def read_observation(value):
    Observation.from_json(value)


def show(data):
    text = safe_text(data.decode(errors="surrogateescape"))
    assert "::group::" not in text
    text.encode()


def finite(value):
    """JSON that an answer of Airflow's database can hold."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


PARSERS = [
    Parser(
        "channel messages", lambda r: mutated(r, [*GOLDEN, b"\n".join(GOLDEN)], WORDS), hear, (ProtocolError,)
    ),
    Parser(
        "channel values",
        lambda r: b"\n".join(as_bytes(mutated_json(r, MESSAGES)) for _ in range(3)),
        hear,
        (ProtocolError,),
    ),
    Parser("REST answers", replies, ask),
    Parser("master page", lambda r: mutated(r, files("data/pages", length=20_000)), read_page),
    Parser("submit output", lambda r: mutated(r, OUTPUT, WORDS), read_output),
    Parser("executor logs", lambda r: mutated(r, OUTPUT, WORDS), read_executor_log),
    Parser("stacks", lambda r: mutated(r, files("data/stacks"), WORDS), read_stacks),
    Parser(
        "properties files",
        lambda r: mutated(
            r, [*CONFS, b"spark.a=b\nspark.b : c\\\n d\n#x\n\\u0041\\=b c\r\n! y\nspark.executor.memory 4g\n"]
        ),
        read_properties,
        (SparkGuardError,),
    ),
    Parser("cluster trigger events", lambda r: finite(mutated_json(r, EVENTS)), wake, (ProtocolError,)),
    Parser(
        "sensor trigger events", lambda r: finite(mutated_json(r, OUTCOMES)), read_outcome, (SparkGuardError,)
    ),
    Parser("XComs of the submitter", lambda r: finite(mutated_json(r, TOLD)), told, (ApplicationError,)),
    Parser(
        "memories of triggers",
        lambda r: finite(mutated_json(r, [Memory().to_json()])),
        read_memory,
        (ValueError,),
    ),
    Parser("notes and reports", lambda r: mutated(r, [*NOTES, *REPORTS]), read_notes),
    Parser(
        "observations of records",
        lambda r: finite(mutated_json(r, OBSERVATIONS)),
        read_observation,
        (TypeError,),
    ),
    Parser("texts that are shown", lambda r: mutated(r, OUTPUT, WORDS), show),
]
