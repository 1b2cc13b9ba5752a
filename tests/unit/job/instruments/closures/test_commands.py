"""Commands are those that PySpark builds."""

from __future__ import annotations

import functools

import pytest

from airflow_spark_guard.job.instruments.closures.commands import command_of
from airflow_spark_guard.job.instruments.errors import OptionError


def func(row):
    return row


def test_a_function_is_sent_with_its_serializers():
    """As an operation of an RDD."""
    from pyspark.serializers import AutoBatchedSerializer

    command = command_of(func)
    assert (command.func, command.name) == (func, "func")
    assert command.whole[:2] == (func, None)
    assert type(command.whole[2]) is type(command.whole[3]) is AutoBatchedSerializer


def test_a_udf_is_sent_with_its_type():
    """As a wrapper or as an object; a type as text needs a running Spark, and is left out."""
    from pyspark.sql.functions import udf
    from pyspark.sql.types import LongType
    from pyspark.sql.udf import UserDefinedFunction

    for made in (udf(func, LongType(), useArrow=False), UserDefinedFunction(func, LongType())):
        assert command_of(made) == (func, (func, LongType()), "func")
    assert command_of(UserDefinedFunction(func, "long")).whole == (func, None)


@pytest.mark.parametrize(
    ("called", "name"),
    [
        (functools.partial(func, 1), "func"),
        (lambda: 0, "<lambda>"),
        (type("Own", (), {"__call__": func})(), "Own"),
    ],
)
def test_what_can_be_called_has_a_name(called, name):
    """Of a partial its function's, of an object its class's."""
    assert command_of(called).name == name


def test_a_value_is_refused():
    """With its type."""
    with pytest.raises(OptionError, match="an object of type list"):
        command_of([func])
