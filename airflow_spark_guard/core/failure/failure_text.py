"""The parts of a failure's text: the driver's exception, what a Python worker sent, and the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airflow_spark_guard.core.text.printable import safe_text

LONGEST_TEXT = 128 * 1024
_LONGEST_LINE = 2048
_LONGEST_PLACE = 300
TRACEBACK = "Traceback (most recent call last):"
_JAVA_MAIN = 'Exception in thread "main" '
_LOG_LINE = re.compile(r"\d{2,4}[/-]\d\d[/-]\d\d[ T]\d\d:\d\d:\d\d")
_CHAIN = re.compile(
    r"During handling of the above exception|The above exception was the direct cause|"
    r"exception was thrown from the Python worker"
)
_WORKER = re.compile(
    r"exception was thrown from the Python worker|PythonException: |Python worker exited unexpectedly|"
    r"Python worker process terminated|Error from python worker"
)
_OF_SPARK = re.compile(r"\bpy4j[./]|\bpyspark(?:\.zip)?[./]|\borg\.apache\.spark\b")
_QUERY_ERROR = re.compile(r"pyspark\.(?:errors|sql\.utils)\.[\w.]{1,100}: ")
_RAISED = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?::.*)?")
FRAME = re.compile(r'\s{0,8}File "([^"]{1,400})", line (\d{1,9})(,?) in (.{1,200})')
NOT_THE_USERS = re.compile(
    r"/(?:site|dist)-packages/|/lib(?:64)?/python\d|^<(?!stdin|ipython)|pyspark\.zip/|py4j-[\w.-]{1,40}\.zip/|"
    r"/python/pyspark/"
)


@dataclass(frozen=True)
class FailureText:
    """The parts of a failure's text.

    Attributes:
        everything: the whole text, bounded.
        exception: the driver's exception with its chain and the Java part; empty if there is none.
        worker: what a Python worker sent within it; empty if there is nothing.
        users: whether the exception began in the user's code, or in a wrong query.
        sparks: whether the exception involves Spark, or there is no exception.
    """

    everything: str
    exception: str
    worker: str
    users: bool
    sparks: bool


def take_apart(text: str) -> FailureText:
    """The parts of an untrusted text, of which both ends are read: at most ``LONGEST_TEXT`` characters."""
    lines = _lines(text)
    block = _exception(lines)
    worker = _from_worker(block or lines)
    exception = "\n".join(block)
    return FailureText(
        everything="\n".join(lines),
        exception=exception,
        worker="\n".join(worker),
        users=bool(block) and _is_users(block),
        sparks=not block or _OF_SPARK.search(exception) is not None,
    )


def raised(text: str) -> str:
    """The last exception of a Python worker's traceback; without one the text before Java's frames."""
    return worker_exception(text) or text.partition("\n\tat ")[0]


def worker_exception(text: str) -> str:
    """The exception that ended the last traceback within a message, ``ValueError: x``; empty without one."""
    lines = text.partition("\n\tat ")[0].splitlines()
    frames = [number for number, line in enumerate(lines) if FRAME.fullmatch(line)]
    if TRACEBACK not in text or not frames:
        return ""
    # A message may have more lines, which may look like exceptions as well: the first one counts.
    return next((line for line in lines[frames[-1] + 1 :] if _RAISED.fullmatch(line)), "")


def worker_place(text: str) -> str:
    """The innermost line of the user's own Python in what a Python worker sent: ``file:line, function``.

    Reads tracebacks and the dumps of faulthandler; empty if there is none, or only Spark's own lines.
    """
    lines = _lines(text)
    worker = _from_worker(lines)
    if not worker and any("most recent call first" in line for line in lines):
        worker = lines  # a dump from a worker's log, with nothing around it
    # A crash dumps every thread; the one that crashed is the current one.
    current = next((n for n, line in enumerate(worker) if line.startswith("Current thread ")), 0)
    place = ""
    for line in worker[current:]:
        if worker is not lines and line.startswith("\tat "):
            break
        frame = FRAME.fullmatch(line)
        if frame is None or NOT_THE_USERS.search(frame[1]):
            continue
        place = safe_text(f"{frame[1]}:{frame[2]}, {frame[4]}")[:_LONGEST_PLACE]
        if not frame[3]:  # faulthandler: the innermost comes first
            break
    return place


def _lines(text: str) -> list[str]:
    if len(text) > LONGEST_TEXT:
        half = LONGEST_TEXT // 2
        end = text[-half:]
        begin = end.find("\n") + 1
        # From the start of a line: masking would not recognise half a secret.
        text = f"{text[:half]}\n{end[begin:]}"
    return [line.rstrip("\r")[:_LONGEST_LINE] for line in text.split("\n")]


def _exception(lines: list[str]) -> list[str]:
    """From the first traceback to the end of its chain.

    Later text without a link to it (log lines, tracebacks of other threads and of exit handlers) came while
    the driver shut down.
    """
    begin = next(
        (n for n, line in enumerate(lines) if line == TRACEBACK or line.startswith(_JAVA_MAIN)), None
    )
    if begin is None:
        return []
    last = ""
    for number in range(begin + 1, len(lines)):
        line = lines[number]
        if _LOG_LINE.match(line) or (line == TRACEBACK and not _CHAIN.search(last)):
            return lines[begin:number]
        last = line if line.strip() else last
    return lines[begin:]


def _from_worker(lines: list[str]) -> list[str]:
    begin = next((number for number, line in enumerate(lines) if _WORKER.search(line)), None)
    return [] if begin is None else lines[begin:]


def _is_users(block: list[str]) -> bool:
    """Whether the first exception of the chain, which caused the others, is not Spark's."""
    end = next((n for n, line in enumerate(block) if n and _CHAIN.search(line)), len(block))
    first = "\n".join(block[: end + 1])
    return _OF_SPARK.search(first) is None or _QUERY_ERROR.search(first) is not None
