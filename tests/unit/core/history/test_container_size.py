"""What a cluster reserves, by the rules of Spark 4.2."""

import pytest

from airflow_spark_guard.core.history.container_size import (
    ContainerSize,
    driver_container,
    driver_heap,
    executor_container,
    executor_heap,
    manager_of,
)

MIB = 1 << 20
YARN = {"spark.master": "yarn", "spark.executor.memory": "8g"}
KUBERNETES = {**YARN, "spark.master": "k8s://https://host:6443"}


@pytest.mark.parametrize(
    ("master", "manager"),
    [
        ("local[2]", "local"),
        ("local-cluster[2,1,1024]", "standalone"),
        ("spark://a:7077", "standalone"),
        ("yarn", "yarn"),
        ("k8s://https://a:6443", "kubernetes"),
        ("mesos://a", None),
        ("", None),
    ],
)
def test_the_master_names_the_manager(master, manager):
    assert manager_of({"spark.master": master}) == manager


def test_a_heap_has_sparks_default_once_the_configuration_is_known():
    assert executor_heap({}) is None
    assert driver_heap({}) is None
    assert executor_heap({"spark.master": "yarn"}) == 1024 * MIB
    assert driver_heap({"spark.driver.memory": "700"}) == 700 * MIB
    assert executor_heap({"spark.executor.memory": "8x"}) is None


def test_the_overhead_is_a_tenth_of_the_heap_and_at_least_384_mib():
    assert executor_container(YARN) == ContainerSize(8192 * MIB, 819 * MIB)
    assert executor_container({**YARN, "spark.executor.memory": "1g"}) == ContainerSize(1024 * MIB, 384 * MIB)


def test_the_overhead_the_factor_and_the_minimum_can_be_set():
    for conf, mib in (
        ({"spark.executor.memoryOverhead": "2g"}, 2048),
        ({"spark.executor.memoryOverhead": "300"}, 300),
        ({"spark.executor.memoryOverheadFactor": "0.4"}, 3276),
        ({"spark.executor.minMemoryOverhead": "1g"}, 1024),
    ):
        assert executor_container({**YARN, **conf}) == ContainerSize(8192 * MIB, mib * MIB)


def test_kubernetes_has_a_factor_of_its_own_below_the_general_one():
    own = {**KUBERNETES, "spark.kubernetes.memoryOverheadFactor": "0.4"}
    assert executor_container(own) == ContainerSize(8192 * MIB, 3276 * MIB)
    both = {**own, "spark.executor.memoryOverheadFactor": "0.2"}
    assert executor_container(both) == ContainerSize(8192 * MIB, 1638 * MIB)
    assert executor_container({**own, "spark.master": "yarn"}) == ContainerSize(8192 * MIB, 819 * MIB)


def test_off_heap_memory_counts_if_it_is_on():
    off_heap = {"spark.memory.offHeap.size": "1g"}
    assert executor_container({**YARN, **off_heap}).off_heap == 0
    found = executor_container({**YARN, **off_heap, "spark.memory.offHeap.enabled": "true"})
    assert (found.off_heap, found.total) == (1024 * MIB, (8192 + 819 + 1024) * MIB)


def test_pythons_memory_counts_if_spark_knows_that_it_runs_python():
    """On Kubernetes only in cluster mode."""
    python = {"spark.executor.pyspark.memory": "2g"}
    assert executor_container({**YARN, **python}).python == 0
    assert executor_container({**YARN, **python, "spark.yarn.isPython": "true"}).python == 2048 * MIB
    assert executor_container({**KUBERNETES, **python, "spark.yarn.isPython": "true"}).python == 0
    assert (
        executor_container({**KUBERNETES, **python, "spark.kubernetes.resource.type": "python"}).python
        == 2048 * MIB
    )


def test_standalone_and_local_reserve_a_heap_alone():
    standalone = {**YARN, "spark.master": "spark://a:7077", "spark.executor.memoryOverhead": "2g"}
    assert executor_container(standalone) == ContainerSize(8192 * MIB)
    assert executor_container({"spark.master": "local[2]", "spark.driver.memory": "2g"}) == ContainerSize(
        2048 * MIB
    )


@pytest.mark.parametrize(
    "conf",
    [
        {},
        {"spark.executor.memory": "8g"},
        {**YARN, "spark.executor.memory": "much"},
        {**YARN, "spark.executor.memoryOverhead": "much"},
        {**YARN, "spark.executor.minMemoryOverhead": "much"},
        {**YARN, "spark.executor.memoryOverheadFactor": "much"},
        {**YARN, "spark.memory.offHeap.enabled": "true", "spark.memory.offHeap.size": "much"},
        {**YARN, "spark.yarn.isPython": "true", "spark.executor.pyspark.memory": "much"},
        {"spark.master": "local[2]", "spark.driver.memory": "much"},
    ],
)
def test_a_size_that_cannot_be_read_is_unknown(conf):
    assert executor_container(conf) is None


def test_the_driver_has_an_overhead_only_in_a_container():
    driver = {"spark.driver.memory": "8g"}
    assert driver_container({**YARN, **driver}) == ContainerSize(8192 * MIB)
    cluster = {**driver, "spark.submit.deployMode": "cluster"}
    assert driver_container({**YARN, **cluster}) == ContainerSize(8192 * MIB, 819 * MIB)
    assert driver_container({**cluster, "spark.master": "spark://a:7077"}) == ContainerSize(8192 * MIB)
    assert driver_container({**YARN, **cluster, "spark.driver.memoryOverhead": "1g"}).overhead == 1024 * MIB
    assert driver_container({**YARN, **cluster, "spark.driver.memoryOverheadFactor": "x"}) is None
    assert driver_container({}) is None
