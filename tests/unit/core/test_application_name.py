"""The name that an application gets from its task."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.application_name import named, task_name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (("shop", "enrich", 1), "shop.enrich.1"),
        (("shop", "group.enrich", 3, -1), "shop.group.enrich.3"),
        (("shop", "enrich", 2, 0), "shop.enrich.0.2"),
        (("shop", "enrich", 2, 17), "shop.enrich.17.2"),
        (("_private-", "x", 1), "private-.x.1"),
        (("...", "_", 1), "1"),
        (("k\u00e4se", "x", 1), "k\u00e4se.x.1"),
    ],
)
def test_dag_task_and_try(given, name):
    """Of a mapped task the index as well; no beginning that Kubernetes refuses."""
    assert task_name(*given) == name


def test_a_long_name_keeps_its_end():
    """Airflow's names may have 250 characters each; a pod's name has 253 at the most."""
    name = task_name("d" * 250, "t" * 250, 12, 3)
    assert len(name) == 200
    assert name.endswith(".3.12")


@given(
    st.from_regex(r"[A-Za-z0-9_.-]{1,250}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9_.-]{1,250}", fullmatch=True),
    st.integers(1, 99),
)
def test_kubernetes_can_make_a_pod_of_every_name(dag_id, task_id, try_number):
    """By Spark's own replacements (``KubernetesConf.getResourceNamePrefix``)."""
    prefix = f"{task_name(dag_id, task_id, try_number)}-{'0' * 16}".strip().lower()
    pod = re.sub(r"-+", "-", re.sub(r"[^a-z0-9-]", "-", prefix)) + "-exec-2147483647"
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", pod)
    assert len(pod) <= 253


def test_whose_name_it_is():
    """spark-submit's order."""
    assert named(["--master", "yarn", "--name", "mine"], {"spark.app.name": "other"}) == "mine"
    assert named(["--master", "yarn"], {"spark.app.name": "other"}) == "other"
    assert named([], {}) == ""
