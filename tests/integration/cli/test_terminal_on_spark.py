"""``spark-guard watch`` and ``spark-guard doctor`` against a real Spark."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from tests.integration.sensors.real_spark import SparkSite
from tests.support.paths import ROOT
from tests.support.processes import seconds_until

pytestmark = pytest.mark.spark

HANGING = """
import time
from pyspark.sql import SparkSession

def ask(rows):
    for row in rows:
        time.sleep(28.0)
        yield row

spark = SparkSession.builder.appName("terminal").config("spark.ui.port", "0").getOrCreate()
print("UI", spark.sparkContext.uiWebUrl, flush=True)
spark.sparkContext.parallelize(range(2), 2).mapPartitions(ask).count()
spark.stop()
"""
LINE = HANGING.splitlines().index("        time.sleep(28.0)") + 1
COMMAND = (sys.executable, "-m", "airflow_spark_guard.cli")


@pytest.fixture
def driver(tmp_path):
    """(the URL of its UI, the process): a local driver whose workers stand still for 28 s."""
    (tmp_path / "hanging.py").write_text(HANGING)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "hanging.py"],
            cwd=tmp_path,
            env={**os.environ, "MASTER": "local[2]", "SPARK_LOCAL_IP": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        url = process.stdout.readline().split()[1]
        yield url, process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_an_application_is_watched_to_its_end(driver):
    """Its stage, how long it has not moved, the line of its workers and of its driver."""
    url, _ = driver
    done = subprocess.run(
        [*COMMAND, "watch", url, "--stall-timeout", "16s"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    lines = [line[9:] for line in done.stdout.splitlines()[1:-1]]
    assert any(line.startswith("executor driver on ") for line in lines)
    assert any("0 of 2 tasks done, 2 running" in line for line in lines)
    assert any("has not moved for " in line and line.endswith("(limit: 16s)") for line in lines)
    workers = [line for line in lines if line.startswith("worker ")]
    assert len(workers) >= 2
    assert all(line.endswith(f"hanging.py:{LINE}, ask") for line in workers)
    assert any(line.startswith("driver is at ") and "hanging.py:" in line for line in lines)
    assert " has ended, after " in done.stdout.splitlines()[-1]


def test_ctrl_c_leaves_a_terminal_as_it_was_and_the_application_alone(driver):
    """The cursor is visible again, and the exit code is 130."""
    url, process = driver
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(
            signal.SIGINT, signal.SIG_DFL
        )  # a shell in the background starts it with SIGINT ignored
        os.chdir(ROOT)
        os.execve(COMMAND[0], [*COMMAND, "watch", url], {**os.environ, "TERM": "xterm", "COLUMNS": "120"})  # noqa: S606
    output = b""

    def read(until):
        nonlocal output
        limit = time.monotonic() + 90
        while until not in output and time.monotonic() < limit:
            if select.select([terminal], [], [], 1.0)[0]:
                try:
                    output += os.read(terminal, 1 << 16)
                except OSError:
                    return

    read(b"without movement")
    os.write(terminal, b"\x03")
    read(b"Left. The application runs on.")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 130
    assert b"Traceback" not in output
    assert output.rindex(b"\x1b[?25h") > output.rindex(b"\x1b[?25l")
    assert process.poll() is None


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with SparkSite(tmp_path_factory.mktemp("site")) as found:
        yield found


def test_an_application_of_a_cluster_is_found_by_its_name(site):
    """Through its master; its executors' workers run on this host too."""
    submitted = site.submit("watched", tasks=2, pause=14.0)
    words = ["watch", "watched", "--master", site.cluster.url, "--master-ui", site.witnesses["master_ui"]]

    def there():
        done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, cwd=ROOT, timeout=150)
        return done if done.returncode == 0 else None

    found = []
    seconds_until(lambda: found.append(there()) or found[-1], 120, "the application")
    submitted.process.wait(60)
    lines = found[-1].stdout.splitlines()
    assert lines[0].startswith("watched  app-")
    assert any("of 2 tasks done" in line for line in lines)
    assert any(" of executor 0 is at " in line and "job.py" in line for line in lines)
    assert " has ended, after " in lines[-1]


def doctor(site, env, *words):
    done = subprocess.run(
        [*COMMAND, "doctor", "--json", *words],
        capture_output=True, text=True, cwd=ROOT, timeout=150, env={**os.environ, **env},
    )  # fmt: skip
    return done.returncode, {line["check"]: line for line in json.loads(done.stdout)}


def test_the_doctor_finds_a_real_cluster_sound(site, tmp_path):
    """Java is started, the master asked, a record written."""
    extra = {"master_ui": site.witnesses["master_ui"]}
    connection = json.dumps({"conn_type": "spark", "host": site.cluster.url, "extra": extra})
    env = {"AIRFLOW_CONN_REAL": connection, "AIRFLOW__SPARK_GUARD__RECORD_FOLDER": str(tmp_path / "records")}
    words = ("--connection", "real", "--conf", "spark.executor.memory=512m")
    code, lines = doctor(site, env, *words)
    bad = {name: line for name, line in lines.items() if line["state"] == "error"}
    assert (code, bad) == (0, {})
    assert "17" in lines["Java"]["what"]
    assert lines["master"]["what"].startswith(f"{site.cluster.url}: 2 workers, 2 cores")
    assert lines["executor size"]["what"] == "an executor fits on a worker"
    assert lines["records"]["what"] == f"{tmp_path}/records can be made"
    code, lines = doctor(site, env, *words[:3], "spark.executor.memory=512g")
    assert code == 1
    assert lines["executor size"]["state"] == "error"
