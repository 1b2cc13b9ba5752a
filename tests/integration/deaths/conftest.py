from __future__ import annotations

import pytest

from tools.faults.hanging_job import DAGS, ENVIRONMENT
from tools.support.airflow_server import AirflowServer


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with AirflowServer(tmp_path_factory.mktemp("airflow"), DAGS, ENVIRONMENT) as server:
        yield server
