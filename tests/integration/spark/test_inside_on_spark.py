"""What a real application says of itself: a slow UDF moves, a hung one stands still."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise
from pathlib import Path

import pyspark
import pytest

from airflow_spark_guard.core.watch.executor_heartbeat import MARK, is_heartbeat, newest
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.workspace import Workspace
from tests.support.processes import ROOT, seconds_until

pytestmark = pytest.mark.spark

ROWS = 60_000  # 120 s, or until the test has seen enough
CONF = {
    "spark.ui.port": "0",
    "spark.ui.showConsoleProgress": "false",
    "spark.executor.heartbeatInterval": "1s",
    "spark.network.timeout": "60s",
    "spark.sql.execution.pythonUDF.arrow.enabled": "false",
    "spark.sql.execution.python.udf.buffer.size": "4096",
}


class Application:
    """A guarded application with its channel; no watchdog ends it."""

    def __init__(self, workspace, output, master, script="slow_then_hung.py"):
        self.workspace, self.output, self.master = workspace, output, master
        self.enough = output.with_name("enough")
        self.reader, self.messages = ChannelReader(workspace.channel), []
        workspace.write_launcher(sys.executable)
        conf = {
            **CONF,
            "spark.pyspark.python": sys.executable,
            "spark.pyspark.driver.python": str(workspace.driver_python),
            "spark.submit.pyFiles": str(workspace.job_zip),
        }
        options = [part for name, value in conf.items() for part in ("--conf", f"{name}={value}")]
        script = str(ROOT / "tests" / "integration" / "jobs" / script)
        with output.open("wb") as sink:
            self.process = subprocess.Popen(
                ["spark-submit", "--master", master, *options, script, str(ROWS), str(self.enough)],
                env={**os.environ, **workspace.environment(1000)},
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def listen(self, seconds, until=lambda _: False):
        """Messages for so many seconds, or up to the one that is waited for."""
        begin, new = time.monotonic(), []
        while time.monotonic() - begin < seconds:
            assert self.process.poll() is None, self.output.read_text()[-3000:]
            found = self.reader.read()
            new += found
            if any(map(until, found)):
                break
            time.sleep(0.2)
        self.messages += new
        return new

    def stderr_of_executor(self):
        """Standard error of the Python workers, where it is to be found."""
        if self.master.startswith("local["):
            return self.output.read_text(errors="replace")
        fields = next(m.fields for m in self.messages if "application_id" in m.fields)
        with urllib.request.urlopen(
            f"{fields['ui_url']}/api/v1/applications/{fields['application_id']}/allexecutors", timeout=10
        ) as answer:
            pages = [row["executorLogs"].get("stderr", "") for row in json.load(answer)]
        page = next(filter(None, pages)).replace("/logPage/", "/log/")
        with urllib.request.urlopen(f"{page}&byteLength=8192", timeout=60) as answer:
            return answer.read().decode()

    def end(self):
        """Only what this test has started: the session of its own spark-submit."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(60)
        self.reader.close()
        if self.master.startswith("local-cluster"):
            work = Path(pyspark.__file__).parent / "work"
            for message in self.messages:
                shutil.rmtree(work / message.fields.get("application_id", "none"), ignore_errors=True)


@pytest.fixture(params=["local[2]", "local-cluster[1,1,1024]"])
def application(request, tmp_path):
    workspace = Workspace("test-inside")
    application = Application(workspace, tmp_path / "output.txt", request.param)
    yield application
    application.end()
    workspace.remove()


def note(text):
    return lambda m: m.kind == "progress" and m.fields.get("heartbeat", {}).get("text") == text


def stands(seen, digests):
    """Whether the counters of a stage that is new have not moved since the look before."""
    return len(seen) > 1 and seen[-1] == seen[-2] and seen[-1] not in ("", None, *digests)


def remember(digests, digest):
    """Add it, if there is one, to those seen so far; return them."""
    if digest:
        digests.add(digest)
    return digests


def beats_of(application):
    """Heartbeats that the executor has printed so far."""
    lines = application.stderr_of_executor().split("\n")
    return [json.loads(line.removeprefix(MARK)) for line in lines if is_heartbeat(line)]


def test_a_slow_udf_moves_and_a_hung_one_stands_still(application):
    """By the live SQL metrics, by heartbeats from driver and executor; the script is not disturbed."""
    application.listen(90, until=note("slow"))
    # How often the figures are read depends on how long that takes.
    digests = set()
    moving = application.listen(110, until=lambda m: len(remember(digests, m.fields.get("sql"))) > 1)
    assert len(digests) > 1, moving
    seconds_until(lambda: len(beats_of(application)) > 5, 60, "a heartbeat of the executor each second")
    application.enough.touch()
    moving += application.listen(60, until=lambda m: m.kind == "metric")
    assert [m.fields["values"] for m in moving if m.kind == "metric"] == [{"group": "mine"}]
    assert all(m.fields["rss"] > 1 << 20 for m in moving if m.kind == "progress")
    assert any(m.fields.get("jobs") == 1 for m in moving)

    tail = application.stderr_of_executor()
    beats = beats_of(application)
    assert {beat["text"] for beat in beats} == {"by reference", "in the body"}
    assert len(beats) >= 5
    assert all(later["t"] - earlier["t"] > 0.99 for earlier, later in pairwise(beats)), "one a second"
    assert beats[-1]["n"] > 100
    (beat,) = newest("0", tail)
    assert beat.stage is not None  # the task names its stage

    application.listen(120, until=lambda m: m.fields.get("heartbeat", {}).get("count") == 51)
    for message in application.messages:
        if message.fields.get("heartbeat", {}).get("count") != 51:
            remember(digests, message.fields.get("sql"))
    # The hung UDF starts, and Spark's heartbeats, one a second, bring the last of its counters.
    seen = []
    application.listen(240, until=lambda m: seen.append(m.fields.get("sql")) or stands(seen, digests))
    still = application.listen(240, until=lambda m: m.fields.get("sql"))
    assert {(m.fields["sql"], m.fields["jobs"]) for m in still} == {(seen[-1], 1)}


def test_each_stage_of_a_query_moves_by_itself(tmp_path):
    """One side of a join goes on, the other hangs: one execution, two stages, and each tells of itself alone."""
    workspace = Workspace("test-inside-stages")
    application = Application(workspace, tmp_path / "output.txt", "local[4]", "half_hung.py")
    marks: dict[int, list[str]] = {}

    def both_known(message):
        for row in message.fields.get("stages", []) if message.kind == "progress" else []:
            if row["active"] and row.get("sql"):
                marks.setdefault(row["stage"], []).append(row["sql"])
        return sum(len(set(found)) > 4 for found in marks.values()) == 1

    try:
        application.listen(180, until=both_known)
    finally:
        application.end()
        workspace.remove()
    moving = [stage for stage, found in marks.items() if len(set(found)) > 4]
    assert len(marks) == 2, marks
    (still,) = set(marks) - set(moving)
    # What the hung task has counted before it hung arrives with a heartbeat or two; then nothing more.
    assert len(set(marks[still][-3:])) == 1, marks
