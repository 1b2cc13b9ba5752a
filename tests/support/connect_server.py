"""A Spark Connect server on this machine, in a process of its own, and a session of it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path

import pyspark


@contextlib.contextmanager
def connect_server(folder, **conf):
    """Its address. ``folder`` is for its warehouse and its log; a ``_`` in a name of ``conf`` stands for a dot."""
    home = Path(pyspark.__file__).parent
    port = _free_port()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.warehouse.dir": folder / "warehouse",
        **{name.replace("_", "."): value for name, value in conf.items()},
    }
    command = [home / "bin" / "spark-submit", "--master", "local[2]"]
    command += [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    log = folder / "server.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, env={**os.environ, "SPARK_HOME": str(home)}
        )
    try:
        until = time.monotonic() + 90
        while not _answers(port):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < until, log.read_text()[-2000:]
            time.sleep(0.2)
        yield f"sc://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def remote_session(server):
    """A session of a server; the process-wide switches that PySpark sets for one are undone."""
    from pyspark.sql.connect.session import SparkSession

    before = dict(os.environ)
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    session = SparkSession.builder.remote(server).getOrCreate()
    yield session
    session.stop()
    for name in set(os.environ) - set(before):
        del os.environ[name]


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _answers(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
