"""PySpark's own pickler, which lets the state of some objects be written at another time than the objects."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.cloudpickle import Pickler
from pyspark.serializers import pickle_protocol

from airflow_spark_guard.job.instruments.closures import kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.job.instruments.closures.counting import CountingFile

_ITEMS, _SETTER = 3, 5
# Up to here a second pickle takes milliseconds, and 1 % is less than the references in parts differ by.
_SMALL, _MOST_ANSWERS = 1 << 20, 20_000


class DriverObjectError(Exception):
    """An object of Spark's that exists in the driver alone; ``args[0]`` is its class."""


@dataclass(slots=True)
class Reduction:
    """What an object answered when asked how to pickle it, which it is asked once.

    Attributes:
        whole: the answer: constructor, its arguments, state, list items, dict items, the function that sets
            the state.
        constructor: the part to write when the object is met.
        state: the part to write at the object's own turn, if ``is_split``.
        setter: the function that sets the state, if it is not the usual one.
    """

    whole: tuple[Any, ...]
    constructor: tuple[Any, ...]
    state: Any = None
    setter: Any = None
    is_split: bool = False


# PySpark is not typed here.
class ClosurePickler(Pickler):  # type: ignore[misc]
    """Pickles as ``CloudPickleSerializer`` does, over several calls of ``dump`` with one memo.

    Args:
        file: what the pickle is written to.

    Attributes:
        latest: the object that was asked last; after an error, the one that cannot be pickled.
        answers: what the objects answered, by id, for a second pickle that asks none of them; None if there
            is too much of it.
    """

    def __init__(self, file: CountingFile) -> None:
        super().__init__(file, protocol=pickle_protocol)
        self.latest: object = None
        self.answers: dict[int, Any] | None = {}
        self._file = file
        self._reductions: dict[int, Reduction] = {}
        # Keeps the classes alive, so that their ids stay theirs.
        self._plain: dict[int, type] = {}

    def reduction(self, obj: object) -> Reduction | None:
        """Ask an object, and keep the answer for when it is met.

        None for what is sent by reference, and for an answer that is not valid: the pickler fails at it.

        Runs the object's own ``__reduce_ex__``, ``__reduce__`` or ``__getstate__``, as Spark will.

        Raises:
            DriverObjectError: it exists in the driver alone.
            Exception: what its own code raises.
        """
        found = self._whole_answer(obj)
        if not _is_whole(found) or (kinds.is_a(obj, types.ModuleType) and len(found[1]) == 1):
            return None
        kept = self._reductions[id(obj)] = _split(found)
        return kept

    def reducer_override(self, obj: object) -> Any:
        """What the C pickler calls for every object that is not built in."""
        known = self._reductions.get(id(obj))
        if known is not None:
            return known.constructor
        return self._answer(obj) if self.answers is None else self._whole_answer(obj)

    def _whole_answer(self, obj: object) -> Any:
        found = self._answer(obj)
        if found is NotImplemented and not kinds.is_a(obj, (type, types.FunctionType)):
            reducer = self.dispatch_table.get(type(obj))
            found = obj.__reduce_ex__(pickle_protocol) if reducer is None else reducer(obj)
        if self.answers is None:
            return found
        if len(self.answers) >= _MOST_ANSWERS or self._file.count > _SMALL or _length(obj) > _MOST_ANSWERS:
            self.answers = None
            return found
        # Items come from an iterator, which can be read once.
        self.answers[id(obj)] = kept = _each_item(found, list)
        return _each_item(kept, iter)

    def _answer(self, obj: object) -> Any:
        """Cloudpickle's answer for functions and classes, ours for a broadcast; else NotImplemented."""
        self.latest = obj
        kind = type(obj)
        if id(kind) not in self._plain:
            name = kinds.drivers_class(kind)
            if name is not None:
                raise DriverObjectError(name)
            if kinds.is_broadcast(kind):
                # Its own way would note it for the next function that is sent.
                return _broadcast, (0,)
            self._plain[id(kind)] = kind
        return super().reducer_override(obj)


class ReplayingPickler(Pickler):  # type: ignore[misc]
    """Pickles with the answers that the objects have given before."""

    def __init__(self, file: CountingFile, answers: dict[int, Any]) -> None:
        super().__init__(file, protocol=pickle_protocol)
        self._answers = answers

    def reducer_override(self, obj: object) -> Any:
        """What the C pickler calls for every object that is not built in."""
        if id(obj) not in self._answers:
            return super().reducer_override(obj)
        return _fresh(self._answers[id(obj)])


def _length(obj: Any) -> int:
    for kind in (dict, list):
        if kinds.is_a(obj, kind):
            return int(kind.__len__(obj))
    return 0


def _fresh(answer: Any) -> Any:
    """As if asked again: the pickler would recognize the tuple of a cell that refers to itself."""
    if not _is_whole(answer):
        return answer
    return _each_item((answer[0], (*answer[1],), *answer[2:]), iter)


def _each_item(answer: Any, change: Callable[[Any], Any]) -> Any:
    """The answer with its list items and dict items changed."""
    if not isinstance(answer, tuple) or len(answer) <= _ITEMS:
        return answer
    items = (None if one is None else change(one) for one in answer[_ITEMS:_SETTER])
    return (*answer[:_ITEMS], *items, *answer[_SETTER:])


def _is_whole(answer: Any) -> bool:
    return isinstance(answer, tuple) and len(answer) > 1 and type(answer[1]) is tuple


def _split(found: tuple[Any, ...]) -> Reduction:
    state, items = (*found, None)[2] if len(found) > 2 else None, found[_ITEMS:_SETTER]  # noqa: PLR2004
    # Items come from an iterator, which can be read once: they stay with the object.
    if state is None or any(one is not None for one in items):
        return Reduction(found, found)
    setter = found[_SETTER] if len(found) > _SETTER else None
    return Reduction(found, found[:2], state, setter, is_split=True)


def _broadcast(number: int) -> int:
    """Stands for a broadcast, which is sent as its number."""
    return number
