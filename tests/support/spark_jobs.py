"""What ran on a Spark session, and what it keeps."""

from __future__ import annotations


def jobs(spark):
    """How many jobs have begun so far, of any thread and group."""
    context = spark.sparkContext._jsc.sc()
    context.listenerBus().waitUntilEmpty()
    return context.statusStore().jobsList(None).size()


def kept_rdds(spark):
    """Numbers of the RDDs that have blocks in the storage of the executors."""
    context = spark.sparkContext._jsc.sc()
    context.listenerBus().waitUntilEmpty()
    return {info.id() for info in context.getRDDStorageInfo() if info.numCachedPartitions()}
