"""A Spark with two executors in processes of their own, within a test's process."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark

if TYPE_CHECKING:
    from collections.abc import Iterator

CONF = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
}


@contextlib.contextmanager
def local_cluster(python: str = sys.executable, **conf: str) -> Iterator[Any]:
    """A session; its executors run ``python``, which PySpark reads from the environment."""
    from pyspark.sql import SparkSession

    before = os.environ.get("PYSPARK_PYTHON")
    os.environ["PYSPARK_PYTHON"] = python
    builder = SparkSession.builder.master("local-cluster[2,1,1024]")
    for key, value in {**CONF, **conf}.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("WARN")
        application = session.sparkContext.applicationId
        home = session.sparkContext._jvm.System.getenv("SPARK_HOME")
        yield session
    finally:
        os.environ.pop("PYSPARK_PYTHON")
        if before is not None:
            os.environ["PYSPARK_PYTHON"] = before
    session.stop()
    # The workers of a local-cluster leave what their executors had.
    work = Path(home or Path(pyspark.__file__).parent) / "work"
    shutil.rmtree(work / application, ignore_errors=True)
    with contextlib.suppress(OSError):
        work.rmdir()
    # py4j says goodbye when the interpreter ends, to a stream that pytest has closed by then.
    logging.getLogger("py4j").setLevel(logging.WARNING)
