"""The size of a value as Spark broadcasts it."""

from __future__ import annotations

import pickle
from dataclasses import asdict, dataclass
from typing import Any

from airflow_spark_guard.job.instruments.closures import kinds
from airflow_spark_guard.job.instruments.closures.counting import CountingFile, OutOfTimeError
from airflow_spark_guard.job.instruments.closures.unpicklable import unpicklable
from airflow_spark_guard.job.instruments.thresholds import Thresholds
from airflow_spark_guard.job.text import shown, shown_bytes

SECONDS = 10.0
_NAME = 80
_TABLES = ("pandas.", "pyarrow.", "polars.")


@dataclass(frozen=True, slots=True)
class BroadcastSize:
    """What each executor receives for one broadcast.

    Attributes:
        name: the name that was passed.
        size_bytes: of the pickled value; Spark compresses it on the way (``spark.broadcast.compress``).
        type_name: the value's type, with the module unless it is built in.
        complete: False if the measurement ran out of time: the size is at least as large as reported.
        advice: what to do; empty up to the threshold.
    """

    name: str
    size_bytes: int
    type_name: str
    complete: bool = True
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


class _Pickler(pickle.Pickler):
    """As ``pickle.dump``, which ``Broadcast.dump`` uses; remembers the object that was asked last."""

    latest: object = None

    def reducer_override(self, obj: object) -> Any:
        self.latest = obj
        return NotImplemented


def broadcast_size(
    value: Any, name: str, *, threshold: int | None = None, seconds: float = SECONDS
) -> BroadcastSize:
    """Measure a value as ``SparkContext.broadcast`` pickles it, without keeping the pickle.

    Needs no running Spark. The value is pickled once, which runs its own ``__reduce__``, as Spark does.

    Args:
        value: what would be broadcast, or a Broadcast, whose value is measured.
        name: how to name it in messages.
        threshold: bytes above which ``advice`` is given, else ``Thresholds.broadcast``.
        seconds: time to spend, checked at every 64 KiB of the pickle; after it ``complete`` is False.

    Raises:
        UnpicklableError: Spark could not broadcast it; names the object and how it is reached.
    """
    called = shown(str(name), _NAME)
    if kinds.is_broadcast(type(value)):
        value = value.value
    file = CountingFile(seconds)
    # PySpark uses the highest protocol as well.
    pickler, complete = _Pickler(file, pickle.HIGHEST_PROTOCOL), True
    try:
        pickler.dump(value)
    except OutOfTimeError:
        complete = False
    except Exception as error:
        what = f"Spark cannot broadcast `{called}`"
        raise unpicklable(what, pickler.latest, value, called, error) from error
    limit = Thresholds().broadcast if threshold is None else threshold
    kind = kinds.type_name(value)
    return BroadcastSize(
        called, file.count, kind, complete, broadcast_advice(called, file.count, limit, kind)
    )


def broadcast_advice(name: str, size: int, limit: int, kind: str) -> str:
    """What to do with a broadcast; empty up to the limit of ``size`` bytes."""
    if size <= limit:
        return ""
    begin = f"Broadcast `{name}` takes {shown_bytes(size)} (limit: {shown_bytes(limit)}) in each executor"
    if kind.startswith(_TABLES):
        cure = "drop columns and rows that the tasks do not use, or make it a Spark DataFrame and join it"
    else:
        cure = (
            "send only what the tasks use, in arrays instead of Python objects, or let each executor load it "
            "from a file"
        )
    return f"{begin}: {cure}; unpersist() it when it is no longer needed."
