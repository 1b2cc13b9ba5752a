"""The events of a log that a history is made of, as plain values; ``sources/event_log_events.py`` decodes.

Times are milliseconds since the epoch and sizes bytes, as Spark writes them; durations are milliseconds, but
for CPU time, which is in nanoseconds. All texts are untrusted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

Values: TypeAlias = Callable[[], Mapping[int, float]]
"""The values of accumulators by their id, decoded when they are asked for."""
Outcome: TypeAlias = Literal["done", "failed", "killed"]


class LogStarted(NamedTuple):
    """The first line of a log; ``version`` is Spark's."""

    version: str


class ApplicationStarted(NamedTuple):
    """The application has started; ``attempt`` is empty but in YARN's cluster mode."""

    id: str
    name: str
    user: str
    at: int
    attempt: str = ""


class FileStarted(NamedTuple):
    """A file of a log in several parts has begun, as Databricks writes it; ``version`` is Spark's."""

    version: str


class ApplicationEnded(NamedTuple):
    """The application has ended; ``exit_code`` is its driver's, None before Spark 4."""

    at: int
    exit_code: int | None = None


class Environment(NamedTuple):
    """Spark's configuration, as it is."""

    conf: Mapping[str, str]


class ExecutorAdded(NamedTuple):
    """An executor has registered; in ``local[n]`` the driver."""

    id: str
    host: str
    cores: int
    at: int
    log_url: str = ""


class ExecutorRemoved(NamedTuple):
    """An executor is gone."""

    id: str
    at: int
    reason: str = ""


class Peaks(NamedTuple):
    """The largest memory of an executor so far, 0 for what was not measured."""

    executor: str
    heap: int = 0
    jvm: int = 0
    python: int = 0


class JobStarted(NamedTuple):
    """A Spark job has started.

    Attributes:
        job: its id.
        at: when.
        stages: ids of its stages, also of those that are skipped later.
        execution: id of its SQL execution; None without one.
        description: as the user has set it; empty without one.
        call: what started it (``collect at /jobs/job.py:6``); empty if unknown.
    """

    job: int
    at: int
    stages: tuple[int, ...]
    execution: int | None = None
    description: str = ""
    call: str = ""


class JobEnded(NamedTuple):
    """A Spark job has ended; ``failure`` is empty if it succeeded."""

    job: int
    at: int
    failure: str = ""


class StageSubmitted(NamedTuple):
    """A stage attempt was submitted."""

    stage: int
    attempt: int
    name: str
    details: str
    tasks: int
    at: int | None = None
    execution: int | None = None


class StageCompleted(NamedTuple):
    """A stage attempt has succeeded or failed.

    Attributes:
        submitted: what is known of the stage, as in the event of its submission.
        at: when; None if Spark does not report it.
        failure: empty if it succeeded.
        values: what the accumulators of the stage hold by then.
    """

    submitted: StageSubmitted
    at: int | None
    failure: str
    values: Values


class TaskStarted(NamedTuple):
    """A task attempt was launched."""

    stage: int
    attempt: int
    task: int
    executor: str
    at: int


class Figures(NamedTuple):
    """What a task attempt has measured; the figures of many tasks are their sums."""

    run_ms: int = 0
    cpu_ns: int = 0
    deserialize_ms: int = 0
    gc_ms: int = 0
    result_ms: int = 0
    memory_spilled: int = 0
    disk_spilled: int = 0
    input_bytes: int = 0
    input_records: int = 0
    output_bytes: int = 0
    output_records: int = 0
    shuffle_read_bytes: int = 0
    shuffle_read_records: int = 0
    fetch_wait_ms: int = 0
    shuffle_write_bytes: int = 0
    shuffle_write_records: int = 0


class TaskEnded(NamedTuple):
    """A task attempt has ended.

    Attributes:
        stage: id of its stage.
        attempt: the stage's attempt.
        task: Spark's task id.
        place: its index in the stage, from 0.
        number: its attempt, 0 at first.
        executor: id of its executor.
        host: its host.
        launched: when it was launched.
        at: when it ended.
        fetched: when the driver began to fetch its result; 0 if it came with the end.
        speculative: whether it was a speculative copy.
        outcome: how it ended.
        failure: Spark's reason; empty if it succeeded.
        figures: None if Spark does not know them.
        peak_memory: largest execution memory.
        peaks: the memory of its executor; None if it was not measured.
        values: what its accumulators hold by then, over all tasks.
    """

    stage: int
    attempt: int
    task: int
    place: int
    number: int
    executor: str
    host: str
    launched: int
    at: int
    fetched: int
    speculative: bool
    outcome: Outcome
    failure: str
    figures: Figures | None
    peak_memory: int
    peaks: Peaks | None
    values: Values


class PlanMetric(NamedTuple):
    """A metric of an operator; ``kind`` is Spark's: sum, size, timing, nsTiming or average."""

    name: str
    accumulator: int
    kind: str = "sum"


class PlanNode(NamedTuple):
    """An operator of a physical plan."""

    name: str
    text: str
    metrics: tuple[PlanMetric, ...] = ()
    depth: int = 0


Plan: TypeAlias = tuple[PlanNode, ...]
"""The operators of a plan, parents before children."""


class SqlStarted(NamedTuple):
    """A SQL execution has started; ``conf`` is what its session has changed of the configuration."""

    execution: int
    at: int
    description: str
    plan: Plan
    conf: Mapping[str, str]


class SqlPlanned(NamedTuple):
    """Adaptive execution has changed the plan."""

    execution: int
    plan: Plan


class SqlEnded(NamedTuple):
    """A SQL execution has ended; ``failure`` is empty if it succeeded."""

    execution: int
    at: int
    failure: str = ""


class DriverValues(NamedTuple):
    """What accumulators of the driver hold."""

    values: Mapping[int, float]


Event: TypeAlias = (
    LogStarted
    | FileStarted
    | ApplicationStarted
    | ApplicationEnded
    | Environment
    | ExecutorAdded
    | ExecutorRemoved
    | Peaks
    | JobStarted
    | JobEnded
    | StageSubmitted
    | StageCompleted
    | TaskStarted
    | TaskEnded
    | SqlStarted
    | SqlPlanned
    | SqlEnded
    | DriverValues
)
