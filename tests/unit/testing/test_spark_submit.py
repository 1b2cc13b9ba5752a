import subprocess

import pytest

from airflow_spark_guard.testing import FakeKubernetes, FakeResourceManager


@pytest.mark.parametrize("kind", [FakeResourceManager, FakeKubernetes])
def test_it_submits_what_the_real_one_would_and_prints_what_it_prints(kind, tmp_path):
    """From a properties file and options."""
    (tmp_path / "p").write_text("spark.a b\nspark.kubernetes.driver.pod.name my-driver\n")
    with kind() as manager:
        manager.course = ["RUNNING"]
        master = f"k8s://{manager.url}" if kind is FakeKubernetes else "yarn"
        done = subprocess.run(
            [
                manager.spark_submit(tmp_path), "--master", master, "--verbose", "--name", "n", "--queue", "team",
                "--properties-file", tmp_path / "p", "job.py", "--flag",
            ],
            capture_output=True, text=True,
        )  # fmt: skip
        (found,) = manager.applications.values()
        assert (done.returncode, found.name, found.conf["spark.a"]) == (0, "n", "b")
        assert found.id in done.stderr
        assert found.conf["spark.yarn.queue"] == "team"


def test_it_fails_when_it_is_told_to(tmp_path):
    """And submits nothing."""
    with FakeResourceManager() as yarn:
        yarn.submit_exit = 7
        done = subprocess.run([yarn.spark_submit(tmp_path), "--master", "yarn", "x.py"], capture_output=True)
        assert (done.returncode, yarn.applications) == (7, {})
        assert b"could not submit" in done.stderr
