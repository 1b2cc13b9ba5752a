import re

import pytest

from airflow_spark_guard.core.cluster.submit_conf import Marks, can_ship, cluster_conf, pod_name

MARKS = Marks("a" * 32, "b" * 32)


def test_yarn_gets_tags_and_does_not_keep_spark_submit_waiting():
    """The user's tags stay."""
    found = cluster_conf("yarn", {"spark.yarn.tags": "theirs"}, MARKS, {"X": "1"})
    assert found == {
        "spark.yarn.tags": f"theirs,spark-guard-task-{'a' * 32},spark-guard-attempt-{'b' * 32}",
        "spark.yarn.submit.waitAppCompletion": "false",
        "spark.yarn.maxAppAttempts": "1",
        "spark.yarn.appMasterEnv.X": "1",
    }


def test_a_number_of_attempts_that_the_user_chose_stays():
    """Else the retries are Airflow's alone."""
    assert (
        cluster_conf("yarn", {"spark.yarn.maxAppAttempts": "2"}, MARKS, {})["spark.yarn.maxAppAttempts"]
        == "2"
    )


def test_a_pod_gets_labels_and_a_name_of_its_own():
    """So that it is found before Spark says anything."""
    found = cluster_conf("kubernetes", {"spark.app.name": "My Job!"}, MARKS, {"X": "1"})
    assert found == {
        "spark.kubernetes.driver.label.spark-guard-task": "a" * 32,
        "spark.kubernetes.driver.label.spark-guard-attempt": "b" * 32,
        "spark.kubernetes.driver.pod.name": f"my-job-{'b' * 16}-driver",
        "spark.kubernetes.submission.waitAppCompletion": "false",
        "spark.kubernetes.driverEnv.X": "1",
    }
    named = cluster_conf("kubernetes", {"spark.kubernetes.driver.pod.name": "mine"}, MARKS, {})
    assert named["spark.kubernetes.driver.pod.name"] == "mine"


@pytest.mark.parametrize("name", ["", "---", "Ä" * 80, "a.b/c", "x" * 300, "1-2-"])
def test_whatever_the_job_is_called_its_pods_name_is_valid(name):
    """A DNS label, and not longer."""
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", pod_name(name, MARKS))


def test_files_reach_a_pod_by_the_upload_path_only():
    """YARN ships them itself."""
    assert can_ship("yarn", {})
    assert not can_ship("kubernetes", {})
    assert can_ship("kubernetes", {"spark.kubernetes.file.upload.path": "s3a://x"})
