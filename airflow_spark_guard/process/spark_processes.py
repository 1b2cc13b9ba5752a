"""The processes of an attempt on this host, by their role in Spark."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.process import listening, proctree
from airflow_spark_guard.process.leftovers import tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_spark_guard.process.leftovers import Tag

# ``local[n]`` has one executor, inside the driver's JVM; Spark gives it this id.
DRIVER = "driver"
_SUBMIT = "org.apache.spark.deploy.SparkSubmit"
_LAUNCHER = "org.apache.spark.launcher.Main"
_SHELL = "pyspark-shell"
_JOB_ZIP = "airflow_spark_guard_job.zip"
_LONGEST_COMMAND = 1 << 20
_LONGEST_ID = 64


@dataclass(frozen=True)
class SparkProcesses:
    """The processes found.

    Attributes:
        driver: the driver's Python; None if it has not started or runs elsewhere.
        jvm: the driver's JVM; None if it has not started or runs elsewhere.
        workers: Python workers, each with its executor's id (``driver`` in ``local[n]``).
        executors: ids of the executors whose JVM runs here.
        executor_jvms: their JVMs; not the driver's.
    """

    driver: proctree.Proc | None
    jvm: proctree.Proc | None
    workers: tuple[tuple[proctree.Proc, str], ...]
    executors: frozenset[str]
    executor_jvms: tuple[proctree.Proc, ...] = ()


def find(tag: Tag) -> SparkProcesses:
    """The attempt's processes that this user may see; one pass over the process table."""
    processes = proctree.table()
    return _found(_jvms(processes.values(), tag), processes)


def find_application(application_id: str, ui_port: int) -> SparkProcesses:
    """The processes of any application on this host that this user may see, guarded or not.

    Args:
        application_id: Spark's, which executors have in their command line.
        ui_port: the port at which the driver's JVM serves its web UI.
    """
    processes = proctree.table()
    found = _found(_jvms_of(application_id, ui_port, processes.values()), processes)
    if found.driver is None and found.jvm is not None and _SHELL in _command(found.jvm.pid):
        above = processes.get(found.jvm.parent)  # python job.py, which has started its JVM
        found = replace(found, driver=above if above and above.command.startswith("py") else None)
    return found


def _jvms_of(
    application_id: str, ui_port: int, processes: Iterable[proctree.Proc]
) -> Iterator[tuple[proctree.Proc, str]]:
    for proc in processes:
        if proc.state == "Z" or not (command := _command(proc.pid)):
            continue
        executor = _executor_of(command)
        if executor not in ("", DRIVER) and application_id in command:
            yield proc, executor
        elif executor in ("", DRIVER) and proc.command == "java" and listening.listens(proc.pid, ui_port):
            yield proc, DRIVER


def _found(jvms: Iterable[tuple[proctree.Proc, str]], processes: dict[int, proctree.Proc]) -> SparkProcesses:
    driver = jvm = None
    workers: list[tuple[proctree.Proc, str]] = []
    executors, executor_jvms = set(), []
    for proc, executor in jvms:
        children = [child for child in processes.values() if child.parent == proc.pid and child.state != "Z"]
        found = [(worker, executor) for worker in _workers(children, processes)]
        workers += found
        if executor != DRIVER:
            executors.add(executor)
            executor_jvms.append(proc)
            continue
        jvm = proc
        driver = _driver_python(proc, children, processes)
        if found:
            executors.add(DRIVER)
    return SparkProcesses(driver, jvm, tuple(sorted(workers)), frozenset(executors), tuple(executor_jvms))


def _jvms(processes: Iterable[proctree.Proc], tag: Tag) -> Iterator[tuple[proctree.Proc, str]]:
    for proc in processes:
        if proc.state == "Z":
            continue
        executor = _executor_of(_command(proc.pid))
        if executor and str(tag).encode() in tags(proc.pid):
            yield proc, executor


def _executor_of(command: list[str]) -> str:
    """The executor id of a Spark JVM, from its command line; empty for any other process."""
    if _LAUNCHER in command:
        return ""
    if _SUBMIT in command:
        return DRIVER
    if not any(part.startswith("org.apache.spark.") and part.endswith("ExecutorBackend") for part in command):
        return ""
    at = command.index("--executor-id") + 1 if "--executor-id" in command else len(command)
    return command[at][:_LONGEST_ID] if at < len(command) else ""


def _workers(children: list[proctree.Proc], processes: dict[int, proctree.Proc]) -> Iterator[proctree.Proc]:
    """Python workers below a Spark JVM: forks of its daemon, or its own children if there is no daemon."""
    for child in children:
        module = _module(child.pid)
        if module.endswith("daemon"):
            yield from (
                fork
                for fork in processes.values()
                if fork.parent == child.pid and fork.state != "Z" and _module(fork.pid) == module
            )
        elif "worker" in module:
            yield child


def _module(pid: int) -> str:
    """The module that a Python process was started with (``python -m module ...``)."""
    command = _command(pid)
    return command[2] if len(command) > len(("python", "-m")) and command[1] == "-m" else ""


def _driver_python(
    jvm: proctree.Proc, children: list[proctree.Proc], processes: dict[int, proctree.Proc]
) -> proctree.Proc | None:
    """Our launcher, at any depth below the JVM; without it, the Python that is a child of the JVM."""
    for proc in proctree.descendants(jvm.pid, processes):
        # The topmost one: forks of the script have the same command line. JVMs have the zip in their command
        # line too, as a file to ship.
        if (
            proc.state != "Z"
            and proc.command != "java"
            and any(part.endswith(_JOB_ZIP) for part in _command(proc.pid))
        ):
            return proc
    pythons = [child for child in children if child.command.startswith("py") and not _module(child.pid)]
    return pythons[0] if pythons else None


def _command(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - as in proctree
            text = file.read(_LONGEST_COMMAND)
    except OSError:
        return []
    return [part.decode(errors="replace") for part in text.split(b"\0")[:-1]]
