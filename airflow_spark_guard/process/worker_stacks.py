"""Stacks of the Python workers: by py-spy if they run on this host, else from their executors' logs."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from airflow_spark_guard.core.stacktraces.python_dump import last_dump, parse_dumps
from airflow_spark_guard.core.stacktraces.python_stack import PythonProcess, is_idle_worker
from airflow_spark_guard.core.stacktraces.waiting import has_users, place_in
from airflow_spark_guard.core.watch.observation import Executor
from airflow_spark_guard.process import spark_processes
from airflow_spark_guard.process.autopsy_steps import (
    NotSeenError,
    PartialDiagnostics,
    asked,
    by_py_spy,
    log_tail,
)
from airflow_spark_guard.process.close_inspection import who_moved

if TYPE_CHECKING:
    from airflow_spark_guard.process import proctree
    from airflow_spark_guard.process.autopsy_steps import AutopsyInput
    from airflow_spark_guard.process.spark_processes import SparkProcesses

_MOST_WORKERS = 8
_AT_ONCE = 4


def python_workers(autopsy_input: AutopsyInput, processes: SparkProcesses) -> PartialDiagnostics:
    """Local workers by py-spy; if that shows no line of user code, the executors' logs."""
    found = PartialDiagnostics()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for part in pool.map(partial(_worker, autopsy_input.stuck), processes.workers[:_MOST_WORKERS]):
            found.add(part)
    unreadable = bool(found.unseen)
    found.unseen = [
        f"{count} Python worker{'s' if count > 1 else ''}: {why}"
        for why, count in Counter(found.unseen).items()
    ]
    if not any(has_users(thread) for worker in found.workers for thread in worker.threads):
        # If all workers could be read, dumps in the logs are outdated.
        found.workers += _from_logs(autopsy_input, frozenset() if unreadable else processes.executors)
    elif not autopsy_input.stuck and len({place_in(worker.threads) for worker in found.workers}) > 1:
        found.workers = _compared(autopsy_input, found.workers)
    if not processes.workers and not found.workers:
        found.unseen.append("Python workers: none on this host, and no stack in the executors' logs")
    return found


def _worker(stuck: frozenset[str], worker: tuple[proctree.Proc, str]) -> PartialDiagnostics:
    proc, executor = worker
    try:
        threads = by_py_spy(proc)
    except NotSeenError as error:
        return PartialDiagnostics(unseen=[str(error)])
    if is_idle_worker(threads):
        return PartialDiagnostics()
    key = f"{proc.pid}:{proc.started}"
    who = f"Python worker {proc.pid} of executor {executor}"
    return PartialDiagnostics(
        workers=[PythonProcess(who, threads, executor, still=key in stuck or None, key=key)]
    )


def _compared(autopsy_input: AutopsyInput, workers: list[PythonProcess]) -> list[PythonProcess]:
    """Workers at different lines: set for each whether it moved within a second."""
    still = {key: not moved for key, moved in who_moved(autopsy_input.tag).items()}
    return [replace(worker, still=still.get(worker.key)) for worker in workers]


def _from_logs(autopsy_input: AutopsyInput, seen: frozenset[str]) -> list[PythonProcess]:
    """The last stacks in the logs of executors that were not seen."""
    chosen = [executor for executor in asked(autopsy_input) if executor not in seen]
    rows = [row for row in autopsy_input.executors if row.id in chosen and row.stderr_url]
    rows.sort(key=lambda row: chosen.index(row.id))
    logs = [(row, log_tail(autopsy_input, row.stderr_url)) for row in rows]
    own = [row for row in autopsy_input.executors if row.id == spark_processes.DRIVER]
    if not autopsy_input.executors:
        own = [Executor(spark_processes.DRIVER, active=True)]  # the executors are not known
    if autopsy_input.output is not None and own and spark_processes.DRIVER not in seen:
        logs.append((own[0], autopsy_input.output()))  # local[n], where the driver's JVM runs the tasks
    found = []
    for row, text in logs:
        threads = last_dump(parse_dumps(text), row.active_tasks)
        if threads:
            who = f"a Python worker of executor {row.id} (by its log)"
            found.append(PythonProcess(who, threads, row.id, logged=True))
    return found
