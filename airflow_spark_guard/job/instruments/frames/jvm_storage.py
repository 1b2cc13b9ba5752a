"""Where checkpoints of a classic session are kept. See ``jvm_plans`` for the private names."""

from __future__ import annotations

from typing import Any

from airflow_spark_guard.job.instruments.errors import CheckpointDirectoryError
from airflow_spark_guard.job.instruments.frames.checkpoint_risks import Cluster
from airflow_spark_guard.job.instruments.frames.jvm_plans import java_class, java_errors
from airflow_spark_guard.job.text import shown

_SHOWN = 200
_PROBE = ".spark-guard-probe"


def cluster_of(context: Any) -> Cluster:
    """The settings of a running context."""
    conf = context.getConf()
    return Cluster(
        in_driver=str(context.master).startswith("local"),
        dynamic=conf.get("spark.dynamicAllocation.enabled", "false").lower() == "true",
        cached_idle=conf.get("spark.dynamicAllocation.cachedExecutorIdleTimeout", "infinity"),
    )


def checkpoint_directory(context: Any) -> str | None:
    """This application's own folder in the directory of ``setCheckpointDir``; None if none was set."""
    found = context._jsc.sc().getCheckpointDir()  # noqa: SLF001 - public in Python only since Spark 3.5
    return str(found.get()) if found.isDefined() else None


def check_writable(context: Any, directory: str) -> None:
    """Write one empty file and remove it, before a job computes what could not be kept.

    Raises:
        CheckpointDirectoryError: that fails.
    """
    hadoop = context._jvm.org.apache.hadoop.fs  # noqa: SLF001 - there is no public way
    folder = hadoop.Path(directory)
    try:
        system = folder.getFileSystem(context._jsc.hadoopConfiguration())  # noqa: SLF001 - the same
        probe = hadoop.Path(folder, _PROBE)
        system.create(probe, True).close()  # noqa: FBT003 - overwrite; Java knows no keywords
        system.delete(probe, False)  # noqa: FBT003 - not recursive
    except java_errors() as error:
        cause = getattr(error, "java_exception", None)
        reason = f"{java_class(error)}: {error if cause is None else cause.getMessage()}"
        raise CheckpointDirectoryError(
            "The checkpoint directory cannot be written.",
            got=f"{shown(directory, _SHOWN)} ({shown(reason, _SHOWN)})",
            expected="a directory that driver and executors can write",
            advice="Call SparkContext.setCheckpointDir with one, or leave it out for local checkpoints.",
        ) from error


def release(rdd: Any) -> None:
    """Give back the blocks of a local checkpoint: ``DataFrame.unpersist()`` does so for caches only."""
    rdd.unpersist(False)  # noqa: FBT003 - does not wait for the executors
