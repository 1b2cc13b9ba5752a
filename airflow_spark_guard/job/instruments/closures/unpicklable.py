"""The error for an object that Spark cannot send: which one, where it is, and what to do."""

from __future__ import annotations

from airflow_spark_guard.job.instruments.closures import kinds
from airflow_spark_guard.job.instruments.closures.search import path_to
from airflow_spark_guard.job.instruments.errors import UnpicklableError
from airflow_spark_guard.job.text import shown

_REASON, _NAME = 200, 80
_DRIVERS = (
    "a {name} exists in the driver alone; use it outside the function, and pass what the function needs "
    "from it as a value or a broadcast"
)
_RESOURCE = (
    "make it inside the function, once for each partition (mapPartitions); if only other attributes of the "
    "object that holds it are needed, bind those to local names before the function"
)
_DEEP = "pass the data in a flatter form, as a list or an array; pickling follows each reference in turn"


def unpicklable(
    what: str, culprit: object, start: object, path: str, cause: BaseException
) -> UnpicklableError:
    """The error.

    Args:
        what: what cannot be done, as "Spark cannot send the function `score`".
        culprit: the object that cannot be pickled.
        start: a captured object that leads to it.
        path: how the script writes ``start``.
        cause: what pickling raised.
    """
    kind = shown(kinds.type_name(culprit), _NAME)
    where = path_to(culprit, start, path) or f"{path} (an object that it makes when it is pickled)"
    drivers = kinds.drivers_class(type(culprit))
    if drivers is not None:
        reason, advice = "it exists in the driver alone", _DRIVERS.format(name=drivers)
    elif isinstance(cause, RecursionError) or isinstance(cause.__cause__, RecursionError):
        where, reason, advice = path, "it is nested too deeply to be pickled", _DEEP
        kind = shown(kinds.type_name(start), _NAME)
    else:
        reason, advice = shown(_text_of(cause), _REASON), _RESOURCE
    return UnpicklableError(what, path=shown(where, _REASON), type_name=kind, reason=reason, advice=advice)


def _text_of(error: BaseException) -> str:
    """The type and the text of an error; of an error whose own code fails, the type."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except Exception:  # noqa: BLE001 - any code of the user's
        return name
