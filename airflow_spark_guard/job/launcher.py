"""Runs the user's unchanged script inside the driver's Python, and says how that went.

Spark starts ``<driver python> <zip of this package's job side> script.py arguments``. The script sees what it
would see without us: ``__main__``, ``sys.argv``, ``sys.path[0]``, its own exit code and its own traceback.
"""

from __future__ import annotations

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

from airflow_spark_guard.job.reporting import ReportError
from airflow_spark_guard.job.status import watch
from airflow_spark_guard.job.wire import Channel, NoChannel, open_channel

if TYPE_CHECKING:
    from collections.abc import Sequence

STACKS_ENV = "SPARK_GUARD_STACKS"
_PR_SET_PDEATHSIG = 1
_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
_TRACEBACK_LIMIT = 16 * 1024
_FAILED = 1


def main(arguments: Sequence[str]) -> int:
    """Run ``arguments[0]`` with the rest as its arguments; the exit code that Python itself would give."""
    channel = open_channel()
    _die_with_the_jvm()
    _arm_stack_dumps()
    channel.send("hello", pid=os.getpid(), python=sys.version.split()[0])
    threading.Thread(target=watch, args=(channel, os.getppid()), name="spark-guard", daemon=True).start()
    return run_script(channel, list(arguments))


def run_script(channel: Channel | NoChannel, arguments: list[str]) -> int:
    """Run the script as ``__main__``; report its error or its end."""
    script = arguments[0]
    channel = _OwnChannel(channel)
    sys.argv = arguments
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.abspath(script))  # noqa: PTH100, PTH120
    # Not runpy: it takes __main__ away again when the script ends, under threads and atexit handlers that
    # still need it to pickle their functions.
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=script, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    try:
        with open(script, "rb") as source:  # noqa: PTH123
            code = compile(source.read(), script, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - running the script is what a launcher is for
    except SystemExit as stop:
        return _left(channel, stop)
    except BaseException as error:  # noqa: BLE001 - whatever ended the script is what the task must show
        channel.send("error", **describe(error))
        part = _users_part(error.__traceback__)
        sys.excepthook(type(error), error.with_traceback(part), part)
        return _FAILED
    channel.send("bye")
    return 0


class _OwnChannel(NoChannel):
    """The channel for the process that opened it: a fork that ends must not say bye for its parent."""

    def __init__(self, channel: Channel | NoChannel) -> None:
        self._channel, self._pid = channel, os.getpid()

    def send(self, kind: str, **fields: Any) -> None:
        """Send from the script's own process, and from no fork of it."""
        if os.getpid() == self._pid:
            self._channel.send(kind, **fields)


def _left(channel: Channel | NoChannel, stop: SystemExit) -> int:
    """``sys.exit``: None and 0 are a good end, a number is the code, anything else is printed and 1."""
    if stop.code is None or stop.code == 0:
        channel.send("bye")
        return 0
    code = stop.code if isinstance(stop.code, int) else _FAILED
    text = "" if isinstance(stop.code, int) else str(stop.code)
    channel.send("error", **{**describe(stop), "category": "exit", "code": code, "message": text[:2000]})
    if text:
        print(text, file=sys.stderr)
    return code


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as fields of an ``error`` message: bounded text, frames without ours, newest last."""
    part = _users_part(error.__traceback__)
    text = "".join(traceback.format_exception(type(error), error, part)).rstrip()
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - the user's own __str__ is broken, and that is not the news
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
    """The traceback from the user's first frame on; ours stand above it, since we call the script."""
    while tb is not None and _is_ours(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    return tb


def _die_with_the_jvm() -> None:
    """A driver's Python in pure Python outlives its JVM; the kernel ends this one."""
    with contextlib.suppress(OSError, AttributeError):  # not Linux: the watching thread must do
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _arm_stack_dumps() -> None:
    """SIGUSR1 writes every thread's Python stack to the attempt's folder: the C handler needs no GIL."""
    path = os.environ.get(STACKS_ENV)
    if path:
        stacks = open(path, "ab")  # noqa: SIM115, PTH123 - faulthandler needs it for the process's life
        faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=True)
