"""What the rows of the driver's failures advise; that each is recognised is in ``test_classify.py``."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.failure.toolchain_rows_driver import DRIVER, MASTER, SIZES

ADVICE = {row.name: row.advice for row in (*SIZES, *MASTER, *DRIVER)}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("kryo_buffer", "spark.kryoserializer.buffer.max"),
        ("result_too_large", "spark.driver.maxResultSize"),
        ("task_too_large", "spark.rpc.message.maxSize"),
        ("broadcast_too_large", "spark.sql.autoBroadcastJoinThreshold"),
        ("broadcast_timeout", "spark.sql.broadcastTimeout"),
        ("driver_heap", "spark.driver.memory"),
        ("port_taken", "spark.port.maxRetries"),
    ],
)
def test_the_key_to_change_is_named(name, key):
    """The point of the table."""
    assert key in ADVICE[name]


def test_starving_is_the_last_guess():
    """A healthy job that starts late says so too."""
    assert list(ADVICE)[-1] == "starved"
