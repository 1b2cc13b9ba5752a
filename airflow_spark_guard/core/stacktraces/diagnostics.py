"""What was seen of a job that is about to be ended, and its description in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from airflow_spark_guard.core.stacktraces import culprit
from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
from airflow_spark_guard.core.stacktraces.jvm_stack import classify_thread, frames_of, is_task, jvm_place
from airflow_spark_guard.core.stacktraces.waiting import place_in
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.watch.executor_loss import was_lost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_spark_guard.core.stacktraces.python_stack import PythonProcess, PythonThread
    from airflow_spark_guard.core.watch.finding import Suspect
    from airflow_spark_guard.core.watch.observation import Executor
    from airflow_spark_guard.core.watch.process_sample import ThreadKind
    from airflow_spark_guard.core.web.spark_rest import JavaThread

_SUMMARY_LINES = 15
_LINE = 300
_CUT = 2000
_PLACES, _TASKS, _LOST, _UNSEEN = 3, 3, 3, 4
_LARGEST = 256 * 1024
_DOING: Mapping[ThreadKind, str] = {
    "python": "waits for its Python worker",
    "python_start": "waits for its Python to start",
    "shuffle": "is busy with a shuffle",
    "gc": "waits for the garbage collector",
    "neighbour": "waits for a block or memory that another task of its executor holds",
    "lock": "waits for a lock",
    "io": "waits for input or output",
    "planning": "plans a query",
    "stream": "waits for input of a stream",
    "running": "computes",
    "waiting": "waits",
}
# Threads of the driver's JVM that work for the script; all others serve Spark.
_CALLS = ("py4j.Gateway.invoke(", "py4j.reflection.")
_WORKING_NAMES = ("dag-scheduler-event-loop", "broadcast-exchange-", "subquery-", "stream execution thread")


@dataclass(frozen=True)
class Jvm:
    """The threads of a JVM: an executor's, or the driver's (``driver``)."""

    executor: str
    threads: tuple[JavaThread, ...]

    def __str__(self) -> str:
        return "driver's JVM" if self.executor == "driver" else f"executor {self.executor}"


@dataclass(frozen=True)
class Diagnostics:
    """What was seen before the kill, and what was not.

    Attributes:
        suspect: ``worker`` if a stage stands still: the line is a worker's or not known. With any other value
            the stacks decide.
        driver: the driver's Python.
        workers: Python workers that have a task.
        jvms: the JVMs that answered.
        lost: executors that are gone.
        stages: ids of the stages in question; None if the running stages are not known.
        unseen: one line for each thing that could not be inspected.
        children: Python processes that the driver's Python has started, such as those of pools.
    """

    suspect: Suspect = ""
    driver: PythonProcess | None = None
    workers: tuple[PythonProcess, ...] = ()
    jvms: tuple[Jvm, ...] = ()
    lost: tuple[Executor, ...] = ()
    stages: tuple[int, ...] | None = None
    unseen: tuple[str, ...] = ()
    children: tuple[PythonProcess, ...] = ()


def report(snapshots: Diagnostics) -> Autopsy:
    """Describe what was seen in words."""
    found = culprit.find(snapshots)
    guilty = found.process
    lines = _summary(snapshots, guilty)
    if found.unknown:
        lines = chain((found.unknown,), lines)
    summary = tuple(_safe(line) for line in islice(lines, _SUMMARY_LINES))
    return Autopsy(
        place=_safe(place_in(guilty.threads)) if guilty else "",
        summary=summary,
        text="".join(_bounded((*summary, ""), _whole(snapshots))),
    )


def _safe(line: str) -> str:
    """A line that may be shown. It is cut before masking, but far behind the part that is shown."""
    return safe_text(line[:_CUT])[:_LINE]


def _bounded(summary: Iterable[str], lines: Iterable[str]) -> Iterator[str]:
    """Lines up to the size limit: a dump of thousands of threads is not worth seconds."""
    size = 0
    for line in chain(summary, map(_safe, lines)):
        size += len(line.encode()) + 1
        if size > _LARGEST:
            yield "... (cut)\n"
            return
        yield f"{line}\n"


def _summary(snapshots: Diagnostics, guilty: PythonProcess | None) -> Iterator[str]:
    if guilty is not None:
        yield f"{guilty.who} is at {place_in(guilty.threads)}"
    places = Counter(
        place_in(worker.threads) for worker in snapshots.workers if guilty is None or worker is not guilty
    )
    for place, count in places.most_common(_PLACES):
        yield f"{count} other Python worker{'s are' if count > 1 else ' is'} at {place or 'no known line'}"
    for process in (*snapshots.children, *filter(None, (snapshots.driver,))):
        if process is not guilty and process.threads:
            yield f"{process.who} is at {place_in(process.threads)}"
    for jvm in snapshots.jvms:
        yield from _jvm_lines(jvm)
    yield from _lost_lines(snapshots.lost)
    yield from snapshots.unseen[:_UNSEEN]


def _jvm_lines(jvm: Jvm) -> Iterator[str]:
    for thread in _worth_showing(jvm)[:_TASKS]:
        frames = frames_of(thread.stack)
        doing = _DOING[classify_thread(frames, thread.state)]
        at = jvm_place(frames)
        if culprit.waits_for_a_job(thread):
            doing, at = "waits for a Spark job", ""
        yield f"{jvm}: {thread.name[:100]} {doing}{f', at {at}' if at else ''}"


def _worth_showing(jvm: Jvm) -> list[JavaThread]:
    """Tasks first, then threads that work for the script, then threads that wait for a lock."""
    tasks = [thread for thread in jvm.threads if is_task(thread)]
    working = [thread for thread in jvm.threads if _works(thread)]
    locked = [thread for thread in jvm.threads if thread.state == "BLOCKED" and thread not in working]
    return [*tasks, *working, *(thread for thread in locked if thread not in tasks)]


def _works(thread: JavaThread) -> bool:
    frames = frames_of(thread.stack)
    if thread.name.startswith(_WORKING_NAMES) or thread.name == "main":
        return classify_thread(frames, thread.state) != "waiting"
    return any(frame.startswith(_CALLS) for frame in frames)


def _lost_lines(lost: Sequence[Executor]) -> Iterator[str]:
    bad = [executor for executor in lost if was_lost(executor.reason)]
    for executor in bad[-_LOST:]:
        host = f" on {executor.host[:64]}" if executor.host else ""
        yield f"executor {executor.id[:64]}{host} was lost: {executor.reason[:200] or 'no reason given'}"
    if len(bad) > _LOST:
        yield f"{len(bad) - _LOST} more executors were lost before"


def _whole(snapshots: Diagnostics) -> Iterator[str]:
    for process in (*filter(None, (snapshots.driver,)), *snapshots.children, *snapshots.workers):
        yield f"== Python stack of {process.who}"
        yield from _python_lines(process.threads)
    for executor in snapshots.lost:
        yield f"== executor {executor.id[:64]} is gone: {executor.reason or 'no reason given'}"
    for line in snapshots.unseen:
        yield f"== {line}"
    for jvm in snapshots.jvms:
        telling = _worth_showing(jvm)
        yield f"== {jvm}: {len(jvm.threads)} threads"
        for thread in (*telling, *(other for other in jvm.threads if other not in telling)):
            yield from _java_lines(thread)


def _python_lines(threads: Iterable[PythonThread]) -> Iterator[str]:
    for thread in threads:
        yield f"{'main thread' if thread.main else 'thread'} {thread.name}".rstrip() + ":"
        for frame in thread.frames:
            yield f"  {frame}"
        yield ""


def _java_lines(thread: JavaThread) -> Iterator[str]:
    frames = frames_of(thread.stack)
    yield f'"{thread.name[:_LINE]}" {thread.state[:20]}: {classify_thread(frames, thread.state)}'
    for frame in frames:
        yield f"  {frame}"
    yield ""
