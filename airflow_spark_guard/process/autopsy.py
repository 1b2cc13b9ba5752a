"""Collects diagnostics before a hung job is ended: all steps at once, none longer than the budget."""

from __future__ import annotations

import queue
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import MonotonicTime
from airflow_spark_guard.core.stacktraces.diagnostics import Diagnostics, report
from airflow_spark_guard.process import autopsy_steps, dead_executors, spark_processes, worker_stacks
from airflow_spark_guard.process.autopsy_steps import AutopsyInput, NotSeenError, PartialDiagnostics

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy

__all__ = ["AutopsyInput", "take"]

# The share of the budget after which a signal is used to ask the driver's JVM.
_REST_SHARE = 0.4


def take(autopsy_input: AutopsyInput, budget_seconds: float) -> Autopsy:
    """Collect and report everything that can be seen. What cannot be seen is listed, never raised."""
    until = MonotonicTime(time.monotonic() + budget_seconds)
    try:
        processes = spark_processes.find(autopsy_input.tag)
    except OSError:
        processes = spark_processes.SparkProcesses(None, None, (), frozenset())
    steps = _Steps()
    steps.start("driver's Python", partial(autopsy_steps.driver_python, autopsy_input, processes))
    steps.start("Python workers", partial(worker_stacks.python_workers, autopsy_input, processes))
    for executor in (spark_processes.DRIVER, *autopsy_steps.asked(autopsy_input)):
        steps.start(autopsy_steps.jvm_name(executor), partial(autopsy_steps.jvm, autopsy_input, executor))
    steps.start("stderr of dead executors", partial(dead_executors.logs, autopsy_input))
    found = PartialDiagnostics()
    steps.gather(found, MonotonicTime(until - (1 - _REST_SHARE) * budget_seconds))
    if not any(jvm.executor == "driver" for jvm in found.jvms):
        steps.start(
            "driver's JVM by SIGQUIT", partial(autopsy_steps.driver_jvm_by_signal, autopsy_input, processes)
        )
    steps.gather(found, until)
    found.unseen += [f"{name}: no answer in time" for name in steps.open]
    if any(jvm.executor == "driver" for jvm in found.jvms):
        found.unseen = [line for line in found.unseen if not line.startswith("driver's JVM")]
    autopsy = report(
        Diagnostics(
            suspect=autopsy_input.suspect,
            driver=found.driver,
            children=tuple(found.children),
            workers=tuple(found.workers),
            jvms=tuple(sorted(found.jvms, key=lambda jvm: (jvm.executor == "driver", jvm.executor))),
            lost=tuple(executor for executor in autopsy_input.executors if not executor.active),
            stages=autopsy_input.stages,
            unseen=tuple(found.unseen),
        )
    )
    return dead_executors.with_cause(autopsy, found.dead)


class _Steps:
    """Steps that run concurrently. One that hangs is abandoned: its thread dies with this process."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self._done: queue.SimpleQueue[tuple[str, PartialDiagnostics]] = queue.SimpleQueue()

    def start(self, name: str, step: Callable[[], PartialDiagnostics]) -> None:
        self.open.append(name)
        threading.Thread(target=self._run, args=(name, step), name=f"autopsy: {name}", daemon=True).start()

    def _run(self, name: str, step: Callable[[], PartialDiagnostics]) -> None:
        try:
            found = step()
        except NotSeenError as error:
            found = PartialDiagnostics(unseen=[f"{name}: {error}"])
        except Exception as error:  # noqa: BLE001 - a step that fails must not keep the job alive
            found = PartialDiagnostics(unseen=[f"{name}: not readable ({type(error).__name__})"])
        self._done.put((name, found))

    def gather(self, found: PartialDiagnostics, until: MonotonicTime) -> None:
        """Add results to ``found`` until all steps are done or the time is up."""
        while self.open:
            try:
                name, part = self._done.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return
            self.open.remove(name)
            found.add(part)
