"""Runs the user's unchanged script inside the driver's Python, and reports how it ended.

Spark starts ``<driver python> <zip of this package's job side> script.py arguments``. For the script nothing
differs from a plain run: ``__main__``, ``sys.argv``, ``sys.path[0]``, its exit code and its traceback.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
import threading
import traceback
import types
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job import progress
from airflow_spark_guard.job.reporting import ReportError
from airflow_spark_guard.job.status import watch
from airflow_spark_guard.job.wire import has_instruments, open_channel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spark_guard.job.wire import Channel, Kind

STACKS_ENV = "SPARK_GUARD_STACKS"
_PR_SET_PDEATHSIG = 1
_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
_TRACEBACK_LIMIT = 16 * 1024
_FAILED = 1


def main(arguments: Sequence[str]) -> int:
    """Run ``arguments[0]`` with the rest as its arguments; return the exit code that Python would return."""
    channel = open_channel()
    _die_with_the_jvm()
    _arm_stack_dumps()
    channel.send("hello", pid=os.getpid(), python=sys.version.split()[0], executable=sys.executable or "")
    ours = progress.start(channel)
    threading.Thread(
        target=watch, args=(channel, ours, os.getppid()), name="spark-guard", daemon=True
    ).start()

    def send(kind: Kind, **fields: Any) -> None:
        """Send the closing message, unless this is a fork of the script."""
        if ours.is_ours:
            ours.flush()
            channel.send(kind, **fields)
            ours.end()

    def leave() -> None:
        """Python has waited for the script's threads."""
        if ours.is_ours:
            ours.close()

    atexit.register(leave)
    _start_instruments(channel)
    return run_script(send, list(arguments))


def _start_instruments(channel: Channel) -> None:
    """Start the instruments if the environment asks for them; a failure is a warning, and the job goes on."""
    if not has_instruments():
        return
    try:
        from airflow_spark_guard.job.instruments.launching import start_from_environment

        start_from_environment()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - measuring must not end a job
        found = describe(error)
        channel.send("warning", text=f"The instruments do not run: {found['type']}: {found['message']}")


def run_script(send: Callable[..., None], arguments: list[str]) -> int:
    """Run the script as ``__main__`` and return its exit code.

    Args:
        send: receives the closing message, with the signature of ``Channel.send``.
        arguments: the script and its arguments.
    """
    script = arguments[0]
    sys.argv = arguments
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.abspath(script))  # noqa: PTH100, PTH120
    # Not runpy: it removes __main__ when the script ends, while threads and atexit handlers may still need it
    # to pickle their functions.
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=script, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    try:
        with open(script, "rb") as source:  # noqa: PTH123
            code = compile(source.read(), script, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - running the script is what a launcher is for
    except SystemExit as stop:
        return _exited(send, stop)
    except BaseException as error:  # noqa: BLE001 - the task must show whatever ended the script
        send("error", **describe(error))
        part = _users_part(error.__traceback__)
        sys.excepthook(type(error), error.with_traceback(part), part)
        return _FAILED
    send("bye")
    return 0


def _exited(send: Callable[..., None], stop: SystemExit) -> int:
    """``sys.exit``: None and 0 mean success, a number is the exit code, other values are printed, code 1."""
    if stop.code is None or stop.code == 0:
        send("bye")
        return 0
    code = stop.code if isinstance(stop.code, int) else _FAILED
    text = "" if isinstance(stop.code, int) else str(stop.code)
    send("error", **{**describe(stop), "category": "exit", "code": code, "message": text[:2000]})
    if text:
        print(text, file=sys.stderr)
    return code


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as fields of an ``error`` message: bounded text, frames without ours, newest last."""
    part = _users_part(error.__traceback__)
    text = "".join(traceback.format_exception(type(error), error, part)).rstrip()
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the error itself
        message = ""
    if len(text) > _TRACEBACK_LIMIT:
        half = _TRACEBACK_LIMIT // 2
        text = f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
    return {
        "category": "result" if isinstance(error, ReportError) else "user",
        "type": type(error).__name__,
        "message": message[:2000],
        "traceback": text,
        "frames": [
            {"file": frame.filename, "line": frame.lineno, "function": frame.name}
            for frame in traceback.extract_tb(part)[-20:]
            if not _is_ours(frame.filename)
        ],
    }


def _is_ours(filename: str) -> bool:
    return filename.startswith(_OWN_FOLDER + os.sep)


def _users_part(tb: types.TracebackType | None) -> types.TracebackType | None:
    """The traceback from the user's first frame on; our own frames come before it."""
    while tb is not None and _is_ours(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    return tb


def _die_with_the_jvm() -> None:
    """Have the kernel kill this process when the JVM dies: plain Python would outlive it."""
    with contextlib.suppress(OSError, AttributeError):  # not Linux: the watching thread does it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _arm_stack_dumps() -> None:
    """Have SIGUSR1 write every thread's Python stack to the attempt's folder; the C handler needs no GIL."""
    path = os.environ.get(STACKS_ENV)
    if path:
        with contextlib.suppress(OSError):  # a full disk must not end the job
            stacks = open(path, "ab")  # noqa: SIM115, PTH123 - faulthandler needs it for the process's life
            faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=True)
