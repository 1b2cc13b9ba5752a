"""Which process is what; the rest of it is tested through the readings."""

from __future__ import annotations

from airflow_spark_guard.process import leftovers, spark_processes
from airflow_spark_guard.process.leftovers import Tag, new_attempt


def test_an_attempt_without_processes_has_none_of_them():
    """Nothing of other attempts is taken for it."""
    found = spark_processes.find(Tag(new_attempt(), "x"))
    assert (found.driver, found.jvm, found.workers, found.executors) == (None, None, (), frozenset())


def test_a_process_that_is_gone_is_none_of_them():
    """Neither command line nor environment can be read."""
    assert spark_processes._command(2**30) == []
    assert leftovers.tags(2**30) == []
