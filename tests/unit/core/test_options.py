"""Submit options after rendering."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.errors import ConfError
from airflow_spark_guard.core.options import check_options


def test_rendered_text_is_as_good_as_a_number():
    """Jinja leaves text."""
    check_options(
        {
            "executor_cores": "2",
            "num_executors": 4,
            "driver_memory": "4g",
            "deploy_mode": "client",
            "conn_id": "x",
        }
    )


def test_what_is_not_given_is_not_checked():
    """None, and the empty text of a template without a value."""
    check_options({"executor_cores": None, "driver_memory": "", "num_executors": 0})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("executor_cores", "two"),
        ("executor_cores", -1),
        ("num_executors", True),
        ("total_executor_cores", "1.5"),
        ("driver_memory", "4 gigs"),
        ("executor_memory", "0m"),
        ("deploy_mode", "Client"),
    ],
)
def test_a_wrong_value_is_named(name, value):
    """Which option, what it is, what it should be."""
    with pytest.raises(ConfError, match=f"^{name} is not valid.\n  got: .+\n  expected: .+\n  do: "):
        check_options({name: value})
