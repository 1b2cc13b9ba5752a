import pytest

from airflow_spark_guard.core.conf.effective_conf import ConfValue
from airflow_spark_guard.core.conf.preflight import check_fit
from airflow_spark_guard.core.errors import ImpossibleError
from airflow_spark_guard.core.watch.observation import Master

STANDALONE = "spark://worker-1:7077"


def fit(conf, *workers, master=STANDALONE):
    """``workers``: (cores, MiB); all of it taken by others now."""
    seen = Master(known=False, waiting=False, workers=tuple((0, 0, cores, mib) for cores, mib in workers))
    return check_fit({key: ConfValue(value, "conf") for key, value in conf.items()}, master, seen)


def test_an_executor_that_some_worker_can_hold_once_it_is_free_is_fine():
    assert fit({"spark.executor.memory": "2g", "spark.executor.cores": "2"}, (1, 4096), (2, 2048)) == ""
    assert fit({}, (1, 1024)) == ""


def test_an_executor_that_no_worker_can_ever_hold_is_told_with_the_largest_worker():
    """Two workers with what it needs between them do not help."""
    with pytest.raises(ImpossibleError) as caught:
        fit({"spark.executor.memory": "2g", "spark.executor.cores": "2"}, (1, 4096), (4, 1024))
    assert str(caught.value) == (
        "An executor of this job does not fit on any worker of the cluster.\n"
        "  got: an executor of 2 cores and 2048 MiB: spark.executor.memory = 2g (conf), spark.executor.cores\n"
        "    = 2 (conf)\n"
        "  expected: at most the largest of 2 workers: 4 cores and 1024 MiB\n"
        "  do: Set spark.executor.memory to 1024m or less, or start a larger worker."
    )


def test_too_many_cores_are_told_too():
    with pytest.raises(ImpossibleError, match="does not fit on any worker") as caught:
        fit({"spark.executor.cores": "8"}, (1, 2048))
    assert caught.value.advice == "Set spark.executor.cores to 1 or less, or start a larger worker."
    with pytest.raises(ImpossibleError, match="does not fit on any worker") as caught:
        fit({"spark.executor.memory": "8g", "spark.task.cpus": "3"}, (1, 2048))
    assert caught.value.advice.startswith(
        "Set spark.executor.memory to 2048m or less and spark.task.cpus to 1"
    )


def test_overhead_python_and_off_heap_do_not_count_on_standalone():
    """The worker is asked for ``spark.executor.memory`` alone."""
    conf = {
        "spark.executor.memory": "1g", "spark.executor.memoryOverhead": "4g", "spark.executor.pyspark.memory": "4g",
        "spark.memory.offHeap.size": "4g",
    }  # fmt: skip
    assert fit(conf, (1, 1024)) == ""


def test_without_a_worker_the_job_waits():
    assert fit({"spark.executor.memory": "2g"}) == (
        "The Spark master currently has no living worker; the job will wait for one."
    )


def test_what_cannot_be_known_is_no_error():
    huge = {"spark.executor.memory": ConfValue("900g", "conf")}
    for master in ("yarn", "k8s://https://worker-1", "local[2]", ""):
        assert check_fit(huge, master) == ""
    assert check_fit(huge, STANDALONE, None) == ""
    assert check_fit(huge, "yarn", Master(known=False, waiting=False, workers=((1, 1, 1, 1),))) == ""
    assert fit({"spark.executor.memory": "${mine}"}, (1, 1024)) == ""


def test_a_local_cluster_is_judged_by_its_name_alone():
    ask = {"spark.executor.memory": ConfValue("2g", "conf")}
    assert check_fit(ask, "local-cluster[2, 1, 2048]") == ""
    with pytest.raises(ImpossibleError, match="does not fit on any worker") as caught:
        check_fit(ask, "local-cluster[2,1,1024]")
    assert caught.value.expected == "at most the largest of 2 workers: 1 core and 1024 MiB"
