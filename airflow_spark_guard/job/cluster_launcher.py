"""The launcher in cluster mode: finds the script that came with the job, and publishes the channel.

Spark runs a small main program, which calls :func:`main` with the script as first argument. The job's
messages go to a file of this process, as in client mode; ``job/carrier.py`` copies them to the channel
directory, which both sides can reach.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from airflow_spark_guard.job.carrier import Carrier
from airflow_spark_guard.job.stores import store_of
from airflow_spark_guard.job.wire import CHANNEL_ENV, open_channel

if TYPE_CHECKING:
    from collections.abc import Sequence

DIRECTORY_ENV = "SPARK_GUARD_CHANNEL_DIRECTORY"
# Spark's scheme for files that are in the driver's image.
_LOCAL = "local://"


def main(arguments: Sequence[str]) -> int:
    """Run ``arguments[0]`` with the rest as its arguments; return the exit code that Python would return."""
    script, *rest = arguments
    directory = os.environ.get(DIRECTORY_ENV, "")
    if not directory:
        return _run([script_path(script), *rest])
    folder = tempfile.mkdtemp(prefix="spark-guard-")
    channel = os.path.join(folder, "channel.jsonl")  # noqa: PTH118 - pathlib costs start-up time here
    open(channel, "xb").close()  # noqa: PTH123 - the file is only made here
    os.environ[CHANNEL_ENV] = channel
    carrier = Carrier(channel, store_of(directory), writer_name(time.time(), os.getpid()))
    carrier.start()
    owner = os.getpid()
    try:
        return _run([script_path(script), *rest])
    finally:
        if os.getpid() == owner:  # a fork of the script that ends must not copy anything
            # Threads of the script may go on after it, and Python waits for them before it calls this.
            atexit.register(_leave, carrier, channel, owner)
            carrier.carry_all()


def _leave(carrier: Carrier, channel: str, owner: int) -> None:
    """Copy what threads reported after the script's end, and remove the channel file."""
    if os.getpid() != owner:
        return
    open_channel().flush()
    carrier.finish()
    with contextlib.suppress(OSError):
        os.unlink(channel)  # noqa: PTH108 - as above
        os.rmdir(os.path.dirname(channel))  # noqa: PTH106, PTH120 - as above


def script_path(script: str) -> str:
    """The path of the script: in the image (``local:///path``), or shipped into the working directory."""
    if script.startswith(_LOCAL):
        return script[len(_LOCAL) :]
    return os.path.basename(script)  # noqa: PTH119 - as above


def writer_name(now: float, pid: int) -> str:
    """A prefix for this process's files. Of two drivers of one application the later one sorts last."""
    return f"{int(now * 1000):013d}-{pid}"


def _run(arguments: list[str]) -> int:
    from airflow_spark_guard.job.launcher import main as launch

    if not os.path.exists(arguments[0]):  # noqa: PTH110 - as above
        print(f"spark-guard: script {arguments[0]} not found in {os.getcwd()}", file=sys.stderr)  # noqa: PTH109
    return launch(arguments)
