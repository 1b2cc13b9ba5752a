"""Test kit: a YARN and a Kubernetes that answer as the real ones do, and a spark-submit that submits to them.

::

    with FakeResourceManager() as yarn:
        binary = yarn.spark_submit(tmp_path)  # an executable
        # an Airflow connection with {"yarn_resourcemanager_webapp_address": yarn.url}, then
        SafeSparkSubmitOperator(..., deploy_mode="cluster", spark_binary=str(binary)).execute({})

By default the fake runs the submitted Python script, without Spark, as its driver. A test that wants another
course gives one: ``yarn.course = ["WAITING", "RUNNING", "VANISHED"]`` goes one step further with each look.
"""

from __future__ import annotations

from airflow_spark_guard.testing.fake_manager import FakeApplication, FakeManager
from airflow_spark_guard.testing.kubernetes_api import FakeKubernetes
from airflow_spark_guard.testing.resource_manager import FakeResourceManager

__all__ = ["FakeApplication", "FakeKubernetes", "FakeManager", "FakeResourceManager"]
