"""Test kit: fakes of YARN and of Kubernetes that answer like the real ones, and a spark-submit for them.

::

    with FakeResourceManager() as yarn:
        binary = yarn.spark_submit(tmp_path)  # an executable
        # an Airflow connection with {"yarn_resourcemanager_webapp_address": yarn.url}, then
        SafeSparkSubmitOperator(..., deploy_mode="cluster", spark_binary=str(binary)).execute({})

By default the fake runs the submitted Python script as its driver, without Spark. To script the states of an
application instead, set ``yarn.course = ["WAITING", "RUNNING", "VANISHED"]``: each request for its status
advances by one state.
"""

from __future__ import annotations

from airflow_spark_guard.testing.fake_manager import FakeApplication, FakeManager
from airflow_spark_guard.testing.kubernetes_api import FakeKubernetes
from airflow_spark_guard.testing.resource_manager import FakeResourceManager

__all__ = ["FakeApplication", "FakeKubernetes", "FakeManager", "FakeResourceManager"]
