"""The requirement that the merge keeps and the lint checks stands once."""

import pytest

from airflow_spark_guard.core.conf.conf_order import BLOCK_MANAGER, NETWORK, orders


@pytest.mark.parametrize(
    ("low", "high", "strict", "lax"),
    [
        (9.0, 10.0, True, True),
        (10.0, 10.0, False, True),
        (11.0, 10.0, False, False),
        (None, 10.0, True, True),
    ],
)
def test_only_the_heartbeat_must_be_below(low, high, strict, lax):
    """An interval may equal its time-out; a value that cannot be read is Spark's to report."""
    heartbeat, interval = orders(block_manager=False)
    assert (heartbeat.holds(low, high), interval.holds(low, high)) == (strict, lax)


@pytest.mark.parametrize(("is_set", "key"), [(False, NETWORK), (True, BLOCK_MANAGER)])
def test_the_block_managers_time_out_goes_first(is_set, key):
    """And the text names the key that counts."""
    heartbeat, interval = orders(block_manager=is_set)
    assert str(heartbeat) == "spark.executor.heartbeatInterval < spark.network.timeout"
    assert str(interval) == f"spark.network.timeoutInterval <= {key}"
