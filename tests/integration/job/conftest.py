"""One real Spark for the tests of a module."""

from __future__ import annotations

import logging
import sys

import pytest


@pytest.fixture(scope="module")
def spark_conf():
    """What a module or a folder wants of its Spark besides; each may have a fixture of this name."""
    return {}


@pytest.fixture(scope="module")
def spark(spark_conf):
    """A session on two cores."""
    from pyspark.sql import SparkSession

    builder = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.pyspark.python", sys.executable)
        # These queries run once, on a few thousand rows: compiling them takes longer than interpreting them.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    )
    for key, value in spark_conf.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
    # py4j says goodbye when the interpreter ends, to a stream that pytest has closed by then.
    logging.getLogger("py4j").setLevel(logging.WARNING)
