"""Sends a model to the executors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.arrow_stream import is_connect
from airflow_spark_guard.job.collection.errors import SampleError

if TYPE_CHECKING:
    from collections.abc import Callable


class Carried:
    """A model to send: pickled the way functions are, so that classes of the user's script travel too."""

    def __init__(self, model: Any) -> None:
        from pyspark import cloudpickle

        try:
            self._pickled = cloudpickle.dumps(model)
        except Exception as error:
            raise SampleError(
                "The model cannot be sent to the executors.",
                got=f"{type(model).__name__}: {error}",
                expected="a model that can be pickled",
                advice="Remove locks, connections, generators and Spark's own objects from it.",
            ) from error

    def __reduce__(self) -> tuple[Any, ...]:
        from pyspark import cloudpickle

        return cloudpickle.loads, (self._pickled,)


def carried_model(model: Any, df: Any) -> Callable[[], Any]:
    """A function that returns the model inside a worker, where it is unpickled once."""
    carried = Carried(model)
    if is_connect(df):
        return lambda: carried
    broadcast = df.sparkSession.sparkContext.broadcast(carried)
    return lambda: broadcast.value
