"""The channel directory as a real driver writes it, and what a real spark-submit makes of cluster mode."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from airflow_spark_guard import GuardLimits
from airflow_spark_guard.attempt.channel_directory import ChannelDirectory
from airflow_spark_guard.core.errors import DeadlineError
from airflow_spark_guard.process.workspace import Workspace
from tools.faults.cluster import spark_env

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
        return done, directory.channel_state, messages

    yield run
    workspace.remove()


@pytest.mark.parametrize("main", [None, BY_THE_JVM], ids=["a folder", "by the JVM"])
def test_a_real_driver_brings_its_result_to_the_channel_directory(driver, main):
    """Hello with the application's id, the result, and the end; after spark.stop() too."""
    done, channel_state, messages = driver(JOB, "1000", main=main)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (channel_state.result, channel_state.bye, channel_state.error) == ({"rows": 1000}, True, None)
    assert channel_state.application_id.startswith("local-")
    assert [message.kind for message in messages][-1] == "bye"
    assert "spark-guard:" not in done.stderr


@pytest.mark.parametrize("main", [None, BY_THE_JVM], ids=["a folder", "by the JVM"])
def test_a_real_driver_brings_its_traceback(driver, main):
    """And leaves with the code that makes its manager call it failed."""
    done, channel_state, _ = driver(JOB, "10", "no-such-column", main=main)
    assert done.returncode == 1
    assert channel_state.error["type"] == "KeyError"
    assert channel_state.error["frames"][-1]["function"] == "<module>"


def test_a_script_without_any_spark_reaches_the_jvm_at_its_end(driver):
    """By the way that spark-submit has prepared."""
    done, channel_state, _ = driver(NO_SPARK, main=BY_THE_JVM)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (channel_state.result, channel_state.bye) == ("without a context", True)


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
