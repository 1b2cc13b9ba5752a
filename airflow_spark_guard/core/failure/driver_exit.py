"""What spark-submit's exit status shows of a driver that ended without a message: cause, advice, retry."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Final

from airflow_spark_guard.core.failure.classify import exit_code_meaning

_SHELL_SIGNAL_BASE = 128  # spark-submit's code if a signal ended the driver's Python
_LAST_SIGNAL = 64
_OF_SPARKS_JVM = frozenset({50, 51, 52, 53, 101, 124})
# In the output if the script did not choose code 1 itself.
_SIGNS_OF_A_FAILURE = ("Exception in thread", "Traceback (most recent call last)", "Fatal Python error")
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})
_STOPS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})

_MEMORY: Final = {
    False: "SIGKILL usually comes from the out-of-memory killer: see the host's or container's log. Bring "
    "less data to the driver's Python (collect, toPandas), or give it more memory.",
    True: "SIGKILL usually comes from the out-of-memory killer: see the host's or container's log. Lower "
    "spark.driver.memory so that it fits, or give the host or container more.",
}
_CRASH: Final = {
    False: "It crashed in native code: see the output below for the library; try another version of it, or "
    "OMP_NUM_THREADS=1.",
    True: "It crashed in native code: look for hs_err_pid*.log in the working folder.",
}
_STOP: Final = "It was terminated from outside: by a user, or by a host or container that shuts down."


@dataclass(frozen=True)
class DriverExit:
    """The end of a driver.

    Attributes:
        what: one sentence.
        advice: what to do next.
        retry: whether another try can help; None if the verdict's row decides.
        jvm: whether a signal ended the JVM itself.
    """

    what: str
    advice: str
    retry: bool | None
    jvm: bool = False


def driver_exit(status: int | None, output: str = "") -> DriverExit:
    """The end of a driver that ended before its script did.

    Args:
        status: of spark-submit: negative if a signal ended the JVM, above 128 if one ended the driver's
            Python, else an exit code; None if it was not collected.
        output: the relevant part of the output.
    """
    if status is None:
        return DriverExit("The driver ended before its script did.", "Read the lines below.", None)
    if status < 0:
        return _by_signal(-status, jvm=True)
    if _SHELL_SIGNAL_BASE < status <= _SHELL_SIGNAL_BASE + _LAST_SIGNAL:
        return _by_signal(status - _SHELL_SIGNAL_BASE, jvm=False)
    if status in _OF_SPARKS_JVM:
        meaning = exit_code_meaning(status)
        return DriverExit(f"The driver's JVM ended by itself: {meaning}.", "Read the lines below.", None)
    if status == 1 and any(sign in output for sign in _SIGNS_OF_A_FAILURE):
        return DriverExit("The driver ended before its script did.", "Read the exception below.", None)
    return DriverExit(
        "The driver's Python ended before its script did.",
        f"Nothing killed it: the script, or a library in it, ended its own process with code {status} "
        f"(os._exit({status}) or similar). Let the script run to its end, or raise an exception.",
        retry=False,
    )


def exit_text(status: int | None) -> str:
    """The status as text: ``exit code 137 (SIGKILL)``, ``killed by signal 9 (SIGKILL)``."""
    if status is None:
        return "no exit code"
    number = -status if status < 0 else status - _SHELL_SIGNAL_BASE
    name = f" ({_name(number)})" if _name(number) else ""
    return f"killed by signal {-status}{name}" if status < 0 else f"exit code {status}{name}"


def _by_signal(number: int, *, jvm: bool) -> DriverExit:
    whose = "JVM was killed while the application ran." if jvm else "Python ended before its script did."
    what = f"The driver's {whose}"
    if number == signal.SIGKILL:
        return DriverExit(what, _MEMORY[jvm], None, jvm)
    if number in _CRASHES:
        return DriverExit(what, _CRASH[jvm], None, jvm)
    if number in _STOPS:
        return DriverExit(what, _STOP, None, jvm)
    return DriverExit(what, f"A signal ended it: {_name(number) or number}.", None, jvm)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
