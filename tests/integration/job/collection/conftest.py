"""A Spark whose batches are small, so that a few thousand rows make many of them."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def spark_conf():
    return {"spark.sql.execution.arrow.maxRecordsPerBatch": "300"}
