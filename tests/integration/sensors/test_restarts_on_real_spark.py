"""What a driver never lists, on a real standalone cluster."""

from __future__ import annotations

import logging
import time
from contextlib import closing

import pytest

from airflow_spark_guard.core.errors import ExecutorsLostError
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.sensors.poking import Poking
from airflow_spark_guard.sources.remote import AsyncRemoteSource, RemoteSource
from tests.integration.sensors.real_spark import SparkSite
from tests.support.task_instance import StateStore, TaskInstance

pytestmark = pytest.mark.spark


def test_an_executor_that_died_starting_counts_though_the_job_ends_well(tmp_path):
    """The newest one, and its worker with it: no other one comes, and no number is missing in any list."""
    with SparkSite(tmp_path) as site:
        job = site.submit("short-handed", 24, cores=2)
        application = site.application_id("short-handed")
        site.kill_second_executor_and_its_worker(application)
        target = Target(application, **site.witnesses)
        site.wait_for_registration(application)
        poking = Poking(
            Plan(target, budget=RestartBudget()), logging.getLogger("sensor"), time.time(), patient=False
        )
        context = {"ti": TaskInstance(), "task_state_store": StateStore()}
        end = time.monotonic() + 20
        while (told := poking.look(context)) is None and time.monotonic() < end:
            time.sleep(1)
        assert job.process.wait(timeout=90) == 0
        with closing(RemoteSource(AsyncRemoteSource(target))) as source:
            look = source.look()
    assert told is not None
    failure = told.failure()
    assert type(failure) is ExecutorsLostError
    assert failure.what == f"Application {application}: An executor was lost."
    assert "executor 1 on 127.0.0.1 at" in failure.got
    assert ": LOST according to the master; the driver has no record of it" in failure.got
    assert [row.id for row in look.executors] == ["0"]  # nor has its event log
