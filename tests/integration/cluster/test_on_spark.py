"""The contract on a real standalone master, and the channel directory as a real driver writes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from airflow_spark_guard import GuardLimits
from airflow_spark_guard.attempt.channel_directory import ChannelDirectory
from airflow_spark_guard.core.cluster.standalone import StandaloneDialogues
from airflow_spark_guard.core.cluster.status import TASK_MARK, ClusterState
from airflow_spark_guard.core.errors import DeadlineError
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.process.workspace import Workspace
from airflow_spark_guard.sources.cluster import AsyncClusterSource, BlockingClusterSource
from tools.faults.cluster import StandaloneCluster, spark_env

pytestmark = pytest.mark.spark

JOB = """
import sys, time
from pyspark.sql import SparkSession
from airflow_spark_guard.job import report

spark = SparkSession.builder.getOrCreate()
report({"rows": spark.range(int(sys.argv[1])).count()})
if len(sys.argv) > 2:
    raise KeyError(sys.argv[2])
spark.stop()
"""
NO_SPARK = "from airflow_spark_guard.job import report\nreport('without a context')\n"
# The JVM's way, also for a local path: what hdfs:// and s3a:// go.
BY_THE_JVM = """\
import sys
from airflow_spark_guard.job import cluster_launcher, stores
cluster_launcher.store_of = stores.HadoopStore
sys.exit(cluster_launcher.main(sys.argv[1:]))
"""
SLEEPER = """
import time
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
spark.range(1).count()
time.sleep(float(__import__("sys").argv[1]))
spark.stop()
"""


@pytest.fixture
def driver(tmp_path):
    """Runs a script under the main program of cluster mode, in a real JVM; what Airflow reads of it."""
    workspace = Workspace("test-on-spark")
    workspace.write_cluster_main()
    folder = tmp_path / "container"
    folder.mkdir()

    def run(text, *arguments, main=None):
        (folder / "job.py").write_text(text)
        if main is not None:
            workspace.cluster_main.write_text(main)
        done = subprocess.run(
            [
                "spark-submit", "--master", "local[1]", "--conf", "spark.ui.enabled=false",
                "--py-files", workspace.job_zip, workspace.cluster_main, "s3a://bucket/job.py", *arguments,
            ],
            cwd=folder,
            env={
                **spark_env(tmp_path),
                "PYSPARK_DRIVER_PYTHON": sys.executable,
                "SPARK_GUARD_CHANNEL_DIRECTORY": f"file://{tmp_path}/channel/try",
            },
            capture_output=True,
            text=True,
            timeout=180,
        )  # fmt: skip
        directory = ChannelDirectory(f"file://{tmp_path}/channel/try")
        messages = []
        directory.read(time.time(), messages.append)
        return done, directory.heard, messages

    yield run
    workspace.remove()


@pytest.mark.parametrize("main", [None, BY_THE_JVM], ids=["a folder", "by the JVM"])
def test_a_real_driver_brings_its_result_to_the_channel_directory(driver, main):
    """Hello with the application's id, the result, and the end; after spark.stop() too."""
    done, heard, messages = driver(JOB, "1000", main=main)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (heard.result, heard.bye, heard.error) == ({"rows": 1000}, True, None)
    assert heard.application_id.startswith("local-")
    assert [message.kind for message in messages][-1] == "bye"
    assert "spark-guard:" not in done.stderr


@pytest.mark.parametrize("main", [None, BY_THE_JVM], ids=["a folder", "by the JVM"])
def test_a_real_driver_brings_its_traceback(driver, main):
    """And leaves with the code that makes its manager call it failed."""
    done, heard, _ = driver(JOB, "10", "no-such-column", main=main)
    assert done.returncode == 1
    assert heard.error["type"] == "KeyError"
    assert heard.error["frames"][-1]["function"] == "<module>"


def test_a_script_without_any_spark_reaches_the_jvm_at_its_end(driver):
    """By the way that spark-submit has prepared."""
    done, heard, _ = driver(NO_SPARK, main=BY_THE_JVM)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (heard.result, heard.bye) == ("without a context", True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with StandaloneCluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def source(cluster):
    page = f"http://127.0.0.1:{cluster.ui_port}"
    made = BlockingClusterSource(AsyncClusterSource(StandaloneDialogues(page), [page], Access))
    with closing(made) as found:
        yield found


@pytest.fixture
def application(cluster, source, tmp_path):
    """A real application that sleeps for so many seconds; its status once the master knows it."""
    started = []

    def start(seconds, mark):
        script = tmp_path / "job.py"
        script.write_text(SLEEPER)
        process = subprocess.Popen(
            [
                "spark-submit", "--master", cluster.url, "--name", f"a job {TASK_MARK}-{mark}",
                "--conf", "spark.ui.enabled=false", "--conf", "spark.executor.memory=512m", script, str(seconds),
            ],
            env={**spark_env(tmp_path), "PYSPARK_DRIVER_PYTHON": sys.executable},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        end = time.monotonic() + 90
        while time.monotonic() < end:
            found = source.find(TASK_MARK, mark)
            if found and found[0].state is ClusterState.RUNNING:
                return found[0]
            time.sleep(0.3)
        raise AssertionError(json.dumps(cluster.state()))

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def final(source, application_id):
    end = time.monotonic() + 60
    while (status := source.status(application_id)).state.is_active and time.monotonic() < end:
        time.sleep(0.3)
    return status


def test_a_real_master_tells_of_a_life_to_its_end(source, application):
    """RUNNING, then SUCCEEDED; and what it never had has vanished."""
    found = application(2, "one")
    assert found.submitted_at == pytest.approx(time.time(), abs=90)
    assert final(source, found.application_id).state is ClusterState.SUCCEEDED
    assert source.find(TASK_MARK, "one") == ()
    assert source.status("app-20260101000000-0000").state is ClusterState.VANISHED


def test_a_real_master_ends_an_application_and_proves_it(source, application):
    """By the form of its page."""
    found = application(600, "two")
    assert source.end(found.application_id, 15.0) == ""
    assert final(source, found.application_id).state is ClusterState.KILLED
    assert source.end(found.application_id, 5.0) == ""


@pytest.fixture
def real_submit(kubernetes_stand, tmp_path):
    """An operator whose spark-submit is Spark's own."""

    def execute(text, **kwargs):
        (tmp_path / "upload").mkdir(exist_ok=True)
        conf = {
            "spark.kubernetes.file.upload.path": f"file://{tmp_path}/upload",
            "spark.kubernetes.container.image": "apache/spark",
            "spark.kubernetes.namespace": "jobs",
        }
        stand = kubernetes_stand
        stand.binary = "spark-submit"
        return stand.execute(stand.job(text), conf=conf, **kwargs)

    return execute


def test_spark_takes_what_cluster_mode_adds_and_lets_go_once_the_pod_is_made(real_submit, kubernetes_stand):
    """Name, labels, environment, the launcher, the script beside it: Spark itself has made the pod of it."""
    text = "import sys\nfrom airflow_spark_guard.job import report\nreport({'words': sys.argv[1:]})"
    assert real_submit(text, application_args=["a", "b"]) == {"words": ["a", "b"]}
    conf = kubernetes_stand.application.conf
    assert kubernetes_stand.application.id == conf["spark.kubernetes.driver.pod.name"]
    assert len(conf["spark.kubernetes.driver.label.spark-guard-task"]) == 32
    assert conf["spark.kubernetes.namespace"] == "jobs"


def test_a_pod_that_spark_has_made_is_ended_at_the_deadline(real_submit, kubernetes_stand):
    """And found gone."""
    limits = GuardLimits(deadline="25s", start_timeout="20s", poll_interval="100ms")
    with pytest.raises(DeadlineError):
        real_submit("import time; time.sleep(120)", limits=limits)
    assert kubernetes_stand.application.killed
