"""Functions as a job's script has them: of ``__main__``, and so sent by value."""

from __future__ import annotations

import textwrap

from airflow_spark_guard.job.instruments.closures.commands import command_of


def script(text):
    """The names that a script defines."""
    names = {"__name__": "__main__"}
    exec(compile(textwrap.dedent(text), "job.py", "exec"), names)  # noqa: S102 - the test's own text
    return names


def pickled_size(func):
    """Bytes that PySpark's own serializer makes of a function."""
    from pyspark.serializers import CloudPickleSerializer

    return len(CloudPickleSerializer().dumps(command_of(func).whole))
