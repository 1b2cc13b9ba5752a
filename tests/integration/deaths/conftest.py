from __future__ import annotations

import pytest

from tests.integration.deaths.harness import DAGS, JOBS
from tests.support.airflow_server import AirflowServer

CONNECTION = '{"conn_type": "spark", "host": "local-cluster[2,1,1024]", "extra": {"deploy-mode": "client"}}'


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    environment = {"DEATHS_JOBS": str(JOBS), "AIRFLOW_CONN_SPARK_DEFAULT": CONNECTION}
    with AirflowServer(tmp_path_factory.mktemp("airflow"), DAGS, environment) as server:
        yield server
