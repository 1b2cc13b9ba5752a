"""Measures in one pass: each node's part is pickled once, and what is pickled already is only referred to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.closures import kinds
from airflow_spark_guard.job.instruments.closures.counting import (
    CountingFile,
    OutOfTimeError,
    without_envelope,
)
from airflow_spark_guard.job.instruments.closures.pickler import ClosurePickler, ReplayingPickler
from airflow_spark_guard.job.instruments.closures.walk import walk

if TYPE_CHECKING:
    from airflow_spark_guard.job.instruments.closures.walk import Node

# The pair (object, state) that is written here, less the one code of the pickle that sets the state.
_PAIR = 2 - 1
# The triple here, less the codes that call a function for it.
_TRIPLE = 2 - 3


class CannotPickle(Exception):  # noqa: N818 - carries what is known; becomes an error of the package's above
    """A node's pickling failed; its cause is what was raised, ``culprit`` the object that was asked last."""

    def __init__(self, node: Node | None, culprit: object) -> None:
        super().__init__()
        self.node, self.culprit = node, culprit


@dataclass(frozen=True, slots=True)
class Measured:
    """The nodes with their sizes, the size of all, and whether there was time for all."""

    nodes: list[Node]
    size: int
    complete: bool


def measure(func: object, command: object, seconds: float) -> Measured:
    """Measure what Spark would send.

    Args:
        func: the user's function, a part of the command.
        command: what Spark pickles.
        seconds: time for all of it; checked at every 64 KiB.

    Raises:
        Unreducible: an object's own code raises.
        CannotPickle: another reason.
    """
    file = CountingFile(seconds)
    pickler = ClosurePickler(file)
    nodes = walk(func, pickler.reduction)
    # Code first, as in a real pickle: references to what comes early are short.
    steps = [(_begin, node) for node in nodes if kinds.is_code(node.obj) and _is_split(node)]
    parts_first = nodes[::-1]
    steps += [(_turn, node) for node in sorted(parts_first, key=_rank)]
    try:
        for step, node in steps:
            step(node, pickler, file)
        before = file.count
        _dump(command, None, pickler)
        size = sum(node.own for node in nodes) + file.count - before
        if pickler.answers is not None:
            size = _as_one_pickle(command, pickler.answers, file)
    except OutOfTimeError:
        return Measured(nodes, sum(node.own for node in nodes), complete=False)
    return Measured(nodes, size, complete=True)


def _as_one_pickle(command: object, answers: dict[int, Any], file: CountingFile) -> int:
    """To the byte: in parts, some references have other lengths, which shows where all is small."""
    before = file.count
    ReplayingPickler(file, answers).dump(command)
    return file.count - before


def _is_split(node: Node) -> bool:
    return node.reduction is not None and node.reduction.is_split


def _rank(node: Node) -> int:
    """What can hold no other node comes first, so that each counts for itself; then parts before wholes."""
    if node.children or _is_split(node):
        return 3
    if type(node.obj) in {str, bytes, bytearray}:
        return 0
    return 1 if node.reduction is not None else 2


def _begin(node: Node, pickler: ClosurePickler, file: CountingFile) -> None:
    """Write the part of a node that stands before its state: of a function, the code."""
    _count(node.obj, node, pickler, file)
    node.own -= _reference(node, pickler, file)


def _turn(node: Node, pickler: ClosurePickler, file: CountingFile) -> None:
    """Write what is left of a node, whose children are written."""
    reduction = node.reduction
    if reduction is None or not reduction.is_split:
        _count(node.obj, node, pickler, file)
    elif reduction.setter is None:
        _count((node.obj, reduction.state), node, pickler, file)
        node.own -= _PAIR
    else:
        _count((node.obj, reduction.setter, reduction.state), node, pickler, file)
        node.own -= _TRIPLE - _reference(node, pickler, file)
    # What holds it has written the reference.
    holder = node.parent or node
    holder.own -= _reference(node, pickler, file)


def _count(obj: object, node: Node, pickler: ClosurePickler, file: CountingFile) -> None:
    """Add what an object adds to the pickle, also if there is no time for all of it."""
    before = file.count
    try:
        _dump(obj, node, pickler)
    finally:
        node.own += without_envelope(file.count - before)


def _reference(node: Node, pickler: ClosurePickler, file: CountingFile) -> int:
    """The bytes that refer to a node that is written: one reference more than in one pickle of all."""
    before = file.count
    _dump(node.obj, node, pickler)
    return without_envelope(file.count - before)


def _dump(obj: object, node: Node | None, pickler: ClosurePickler) -> None:
    try:
        pickler.dump(obj)
    except OutOfTimeError:
        raise
    except Exception as error:
        raise CannotPickle(node, pickler.latest) from error
