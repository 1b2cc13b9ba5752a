"""Every parser of outside input, each with what it takes and what it may raise.

``tests/unit/tools/fuzz/test_parsers.py`` gives each some inputs, ``python -m tools.fuzz`` any number of them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.cluster.cluster_ending import ClusterEnding
from airflow_spark_guard.core.cluster.cluster_watch import ClusterWatch
from airflow_spark_guard.core.cluster.trigger_event import ending_of, watched_by
from airflow_spark_guard.core.conf import properties
from airflow_spark_guard.core.conf.conf_draft import ConfValue
from airflow_spark_guard.core.conf.conf_lint import check_conf
from airflow_spark_guard.core.errors import (
    ApplicationError,
    ProtocolError,
    SparkGuardError,
    TriggerEventError,
)
from airflow_spark_guard.core.event import read_event
from airflow_spark_guard.core.failure.classify import diagnose
from airflow_spark_guard.core.failure.client_ending import Cause, ClientEnding
from airflow_spark_guard.core.failure.executor_log import DeadLog, best, telling
from airflow_spark_guard.core.failure.reaper_report import read_report
from airflow_spark_guard.core.failure.takeover import Takeover
from airflow_spark_guard.core.instruments.instrument import Instrument
from airflow_spark_guard.core.instruments.words import short
from airflow_spark_guard.core.live.state import LiveState, Moment
from airflow_spark_guard.core.output.masked_lines import MaskedLines
from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.message_lines import MessageLines
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import LevelOf, SparkFilter
from airflow_spark_guard.core.protocol import parse_lines
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.submitting_task import state_from, target_from
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.result import result_trouble
from airflow_spark_guard.core.stacktraces.jvm_dump import JvmDumpSplitter, parse_dump
from airflow_spark_guard.core.stacktraces.jvm_stack import task_readings
from airflow_spark_guard.core.stacktraces.python_dump import last_dump, parse_dumps
from airflow_spark_guard.core.stacktraces.python_stack import fingerprints, parse_py_spy
from airflow_spark_guard.core.stacktraces.python_task import stage_of
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.watch.executor_heartbeat import latest as heartbeats
from airflow_spark_guard.core.watch.observation import Executor, Observation
from airflow_spark_guard.core.watch.submit_log import SubmitLog
from airflow_spark_guard.core.web.answer import Answer
from airflow_spark_guard.core.web.master_page import read_page
from tools.fuzz.dialogues import ANSWERS, DIALOGUES, play
from tools.fuzz.histories import LOG_LINES, SUMMARY, draw_log, draw_record
from tools.fuzz.mutations import as_bytes, mutated, mutated_json
from tools.fuzz.samples import (
    CONFS,
    EVENTS,
    GOLDEN,
    MEASUREMENTS,
    MESSAGES,
    NOTES,
    NOW,
    OBSERVATIONS,
    OUTCOMES,
    OUTPUT,
    PLANS,
    REPORTS,
    STATUS,
    TOLD,
    WORDS,
    files,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_SPOILT = 0.3  # of the answers are cut or spliced as well


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
    make: Callable[[Random], Any]
    run: Callable[[Any], None]
    allowed: tuple[type[Exception], ...] = ()


def _hear(lines: bytes) -> None:
    channel_state, shown = ChannelState(), MessageLines()
    budget, live = MessageBudget.beside(JobOutput(20)), LiveState()
    for message in parse_lines(lines.split(b"\n")):
        channel_state.receive(message, 1.0)
        measured, shown_lines = Instrument.of(message), shown.lines(message, 1.0)
        live.take(measured, [line.text for line in shown_lines if line.is_warning])
        if measured is not None:
            _read_measurement(measured.to_json())
        for line in shown_lines:
            budget.take(line.text, 1.0)
            budget.progress(line.text, 1.0)
        if message.kind == "result":
            result_trouble(message.fields["value"], 1000)
        json.dumps(Observation(1.0, inside=channel_state.inside).to_json(), allow_nan=False)
    budget.finish()
    json.dumps(live.fields(Moment(1.0, 1.0)), allow_nan=False)
    for status in (None, 0, 1, 137, -9):
        error = ClientEnding(
            cause=Cause.COMMAND_ENDED, exit_status=status, channel_state=channel_state
        ).failure()
        str(error)


def _read_output(data: bytes) -> None:
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
        submit.read(line.decode(errors="replace"), 1.0)
    submit.exits.take()
    for evidence in (output.evidence(), output.evidence(failed=False), output.ended()):
        for status in (None, 1, 137):
            diagnose(evidence, status)
            str(
                ClientEnding(
                    cause=Cause.COMMAND_ENDED, exit_status=status, has_launcher=False, evidence=evidence
                ).failure()
            )
    parse_dump(splitter.dump)


def _read_executor_log(data: bytes) -> None:
    text = data.decode(errors="replace")
    heartbeats(heartbeats({}, {"1": text}), {"1": text, "2": text[5:]})
    for registered in (True, False):
        log = DeadLog("1", "h", text[:300], text, registered)
        telling(log)
        best([log, log])
    diagnose(text)


def _read_stacks(data: bytes) -> None:
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


def _read_properties(data: bytes) -> None:
    text = data.decode(errors="replace")
    conf = properties.parse(text)
    assert properties.parse(properties.render(conf)) == conf
    values = {key: ConfValue(value, "file") for key, value in conf.items()}
    check_conf(values, spark_version=(4, 2), master="local[1]")


def _ask(case: tuple[str, list[tuple[int, bytes]]]) -> None:
    name, replies = case
    play(DIALOGUES[name](), [Answer(status, body, NOW) for status, body in replies])


def _replies(random: Random) -> tuple[str, list[tuple[int, bytes]]]:
    def one() -> tuple[int, bytes]:
        body = as_bytes(mutated_json(random, ANSWERS))
        if random.random() < _SPOILT:
            body = mutated(random, [body])
        return random.choice((200, 200, 200, 200, 404, 401, 500)), body

    return random.choice(list(DIALOGUES)), [one() for _ in range(random.randint(1, 3))]


def _wake(event: Any) -> None:
    try:
        watched = watched_by(event)
        if watched is not None:
            job, place = watched
            ClusterWatch(job.limits, place.title).see(STATUS, NOW)
            json.dumps([job.to_json(), place.to_json(), job.has_launcher])
    finally:
        ending = ending_of(event)
    str(ending.failure())
    assert isinstance(ending, ClusterEnding)


def _reported(value: Any) -> None:
    state_from(value, "app-1")
    target_from(value, Target()).check()


def _read_outcome(value: Any) -> None:
    outcome = read_event(Outcome, value)
    str(outcome.failure())


def _read_memory(value: Any) -> None:
    json.dumps(Memory.from_json(value).to_json())


def _read_plan(value: Any) -> None:
    json.dumps(Plan.from_json(value).to_json())


def _read_notes(data: bytes) -> None:
    text = data.decode(errors="replace")
    note = Takeover.from_json(text)
    if note is not None:
        assert note.who
        assert note.when
    report = read_report(data)
    str(
        ClientEnding(
            cause=Cause.KILLED,
            exit_status=(report or {}).get("exit"),
            orphans=tuple((report or {}).get("left", ())),
        ).failure()
    )


def _read_observation(value: Any) -> None:
    Observation.from_json(value)


def _read_measurement(value: Any) -> None:
    found = Instrument.from_json(value)
    short(found)
    line = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert Instrument.from_json(line).to_json() == line


def _show(data: bytes) -> None:
    text = safe_text(data.decode(errors="surrogateescape"))
    assert "::group::" not in text
    text.encode()


def _finite(value: Any) -> Any:
    """JSON that an answer of Airflow's database can hold."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


ROWS = [json.loads(line) for line in LOG_LINES]
PARSERS = [
    Parser(
        "channel messages",
        lambda r: mutated(r, [*GOLDEN, b"\n".join(GOLDEN)], WORDS),
        _hear,
        (ProtocolError,),
    ),
    Parser(
        "channel values",
        lambda r: b"\n".join(as_bytes(mutated_json(r, MESSAGES)) for _ in range(3)),
        _hear,
        (ProtocolError,),
    ),
    Parser("REST answers", _replies, _ask),
    Parser("master page", lambda r: mutated(r, files("pages", length=20_000)), read_page),
    Parser("submit output", lambda r: mutated(r, OUTPUT, WORDS), _read_output),
    Parser("executor logs", lambda r: mutated(r, OUTPUT, WORDS), _read_executor_log),
    Parser("stacks", lambda r: mutated(r, files("stacks"), WORDS), _read_stacks),
    Parser(
        "properties files",
        lambda r: mutated(
            r, [*CONFS, b"spark.a=b\nspark.b : c\\\n d\n#x\n\\u0041\\=b c\r\n! y\nspark.executor.memory 4g\n"]
        ),
        _read_properties,
        (SparkGuardError,),
    ),
    Parser("cluster trigger events", lambda r: _finite(mutated_json(r, EVENTS)), _wake, (TriggerEventError,)),
    Parser(
        "sensor trigger events",
        lambda r: _finite(mutated_json(r, OUTCOMES)),
        _read_outcome,
        (SparkGuardError,),
    ),
    Parser(
        "XComs of the submitter", lambda r: _finite(mutated_json(r, TOLD)), _reported, (ApplicationError,)
    ),
    Parser(
        "memories of triggers",
        lambda r: _finite(mutated_json(r, [Memory().to_json()])),
        _read_memory,
        (ValueError,),
    ),
    Parser("plans of triggers", lambda r: _finite(mutated_json(r, PLANS)), _read_plan, (ApplicationError,)),
    Parser("notes and reports", lambda r: mutated(r, [*NOTES, *REPORTS]), _read_notes),
    Parser(
        "observations of records",
        lambda r: _finite(mutated_json(r, OBSERVATIONS)),
        _read_observation,
        (ValueError,),
    ),
    Parser(
        "measurements of records",
        lambda r: _finite(mutated_json(r, MEASUREMENTS)),
        _read_measurement,
        (ValueError,),
    ),
    Parser(
        "event logs",
        lambda r: b"\n".join(mutated(r, LOG_LINES) for _ in range(12)),
        draw_log,
        (SparkGuardError,),
    ),
    Parser(
        "events of event logs",
        lambda r: b"\n".join(as_bytes(mutated_json(r, ROWS)) for _ in range(12)),
        draw_log,
        (SparkGuardError,),
    ),
    Parser(
        "records that are drawn",
        lambda r: tuple(_finite(mutated_json(r, rows)) for rows in ([SUMMARY], OBSERVATIONS, MEASUREMENTS)),
        draw_record,
        (SparkGuardError,),
    ),
    Parser("texts that are shown", lambda r: mutated(r, OUTPUT, WORDS), _show),
]
