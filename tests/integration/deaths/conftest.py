from __future__ import annotations

import pytest

from tools.faults.hanging_job import DAGS, ENVIRONMENT
from tools.support.airflow_server import AirflowServer


@pytest.fixture(scope="session")
def server(tmp_path_factory, airflow_db):
    home = tmp_path_factory.mktemp("airflow")
    with AirflowServer(home, DAGS, ENVIRONMENT, database=airflow_db) as server:
        yield server
