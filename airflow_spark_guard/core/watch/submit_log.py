"""Reads spark-submit's own output: lost executors, a job that waits, application id and UI, large tasks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.watch.executor_exits import ExecutorExits

_LONGEST = 1000
_TURNS = ("stop() from shutdown hook", "SparkContext is stopping", "Running Spark version")
# A job may print a million lines: one search for plain words first. "xecutor" matches both spellings.
WORDS = (
    "xecutor ",
    "SparkUI",
    "app ID",
    "Submitted application",
    "has not accepted any resources",
    "of very large size",
    "large task binary",
    "attempted Arrow optimization",
    *_TURNS,
)
_APPLICATION = re.compile(
    r"Connected to Spark cluster with app ID ([\w.-]{1,100})|Submitted application (application_\d+_\d+)"
)
_JETTY = re.compile(r"Start Jetty (\S+):\d+ for SparkUI")
_BOUND = re.compile(r"Successfully started service 'SparkUI' on port (\d{1,5})\b")
_STARTED = re.compile(r"Bound SparkUI to \S+, and started at (https?://\S{1,200})")
# Only figures and units are used, so that the advice needs no masking.
_TASK = re.compile(r"Stage (\d{1,9}) contains a task of very large size \((\d{1,12}) Ki?B\)")
_BINARY = re.compile(r"Broadcasting large task binary with size (\d{1,9}(?:\.\d{1,3})? [KMGT]i?B)\b")
# Spark continues without Arrow; the same words without "however" introduce an error.
_SLOW_WAY = re.compile(
    r"(createDataFrame|toPandas) attempted Arrow optimization [^\n]{0,100}; however, failed"
)
_MOST_OVERSIZED = 10
_KIB_IN_MIB = 1024
_ANYWHERE = ("0.0.0.0", "[::]", "::")  # noqa: S104 - read, not bound


@dataclass
class SubmitLog:
    """Reads lines of spark-submit's output; untrusted, a job may print similar lines.

    Attributes:
        exits: the executors that ended.
        stopping: whether the SparkContext is being stopped, which ends all its executors.
        starved: how often Spark has warned that the job got no resources; it does so every 15 s.
        application_id: the cluster's id of it; empty until it was printed, and always in ``local[n]``.
        ui_url: the UI as this machine reaches it; empty until it was printed.
        ui_is_here: whether the URL is for this machine only: Spark listens on all addresses, prints none.
        oversized: advice for the task log about tasks and code that are too large, and about frames that
            Arrow cannot convert, in the order of the output: one for each stage, one for code, one for
            createDataFrame and one for toPandas, at most ten. It only grows.
    """

    exits: ExecutorExits = field(default_factory=ExecutorExits)
    stopping: bool = False
    starved: int = 0
    application_id: str = ""
    ui_url: str = ""
    ui_is_here: bool = False
    oversized: tuple[str, ...] = ()
    _large: set[str] = field(default_factory=set)
    _host: str = ""

    @property
    def executor_exits(self) -> int:
        """Number of executors that failed, each counted once."""
        return self.exits.count

    @property
    def exit_reason(self) -> str:
        """Spark's reason for the last of them."""
        return self.exits.reason

    @property
    def executor_peak(self) -> int:
        """The largest number of executors at once; 0 if none was printed."""
        return self.exits.peak

    def read(self, line: str, at: LaunchTime = LaunchTime(0.0)) -> None:
        """Read one line."""
        line = line[:_LONGEST]
        if self.exits.waiting:
            self.exits.read(line, at)
        if not self.exits.waiting and any(word in line for word in WORDS):
            self._read_words(line, at)

    def _read_words(self, line: str, at: LaunchTime) -> None:
        if "has not accepted any resources" in line:
            self.starved += 1
        elif found := _SLOW_WAY.search(line) or _TASK.search(line) or _BINARY.search(line):
            self._read_size(found)
        elif "SparkUI" in line:
            self._read_ui(line)
        elif found := _APPLICATION.search(line):
            self.application_id = found[1] or found[2]
        elif any(word in line for word in _TURNS):
            self._read_turn(line)
        elif not self.stopping:
            self.exits.read(line, at)

    def _read_size(self, found: re.Match[str]) -> None:
        if found.re is _SLOW_WAY:
            self._advise(found[1], _of_slow_way(found[1]))
        elif found.re is _TASK:
            self._advise(found[1], _of_task(int(found[1]), int(found[2])))
        else:
            self._advise("binary", _of_binary(found[1]))

    def _advise(self, topic: str, text: str) -> None:
        """Add advice, once for each topic."""
        if topic not in self._large and len(self._large) < _MOST_OVERSIZED:
            self._large.add(topic)
            self.oversized = (*self.oversized, text)

    def _read_turn(self, line: str) -> None:
        self.stopping = "Running Spark version" not in line
        if not self.stopping:
            self.exits.forget()

    def _read_ui(self, line: str) -> None:
        if found := _JETTY.search(line):
            self._host = "" if found[1] in _ANYWHERE else found[1]
        elif found := _BOUND.search(line):
            self.ui_url, self.ui_is_here = f"http://{self._host or '127.0.0.1'}:{found[1]}", not self._host
        elif found := _STARTED.search(line):
            self.ui_url, self.ui_is_here = found[1], False


def _of_task(stage: int, kib: int) -> str:
    return (
        f"Each task of stage {stage} gets {kib / _KIB_IN_MIB:.1f} MiB from the driver: data created there "
        "(parallelize, createDataFrame). Read the data from storage, or use more partitions."
    )


def _of_binary(size: str) -> str:
    return (
        f"Spark sends {size} of code with a stage: a function or a plan of the script refers to a large "
        "object. Pass it to SparkContext.broadcast() once, or load it inside the function."
    )


def _of_slow_way(call: str) -> str:
    return (
        f"{call} falls back to the slow way: Arrow cannot convert the values of a column, see Spark's "
        "warning in the output. The job continues. Use one type for each column, and unique names, to make "
        "it fast."
    )
