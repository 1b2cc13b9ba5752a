"""Finds the objects that are sent with a function: those nearest to it first, each once."""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.closures import kinds, members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spark_guard.job.instruments.closures.captures import How
    from airflow_spark_guard.job.instruments.closures.members import Member
    from airflow_spark_guard.job.instruments.closures.pickler import Reduction

    _Parts = Callable[["Node", Reduction], Iterator[Member]]

# What is beyond counts for the object that holds it.
MOST_NODES = 2000
MOST_MEMBERS = 64
_MOST_ATTRIBUTES = 256
_DEEPEST = 3
_SHORT = 128


@dataclass(slots=True, eq=False)
class Node:
    """An object whose size is measured on its own.

    Attributes:
        obj: the object.
        path: how the script writes it.
        how: how it is captured.
        through: the other function or class that uses it.
        reduction: how it is pickled; None for what the pickler writes itself.
        parent: the node that holds it.
        depth: members and attributes between it and what a function captures.
        children: nodes that it holds.
        own: bytes of its own pickle without its children's, once measured.
    """

    obj: Any
    path: str
    how: How
    through: str = ""
    reduction: Reduction | None = None
    parent: Node | None = None
    depth: int = 0
    children: list[Node] = field(default_factory=list)
    own: int = 0

    @property
    def is_opened(self) -> bool:
        """Whether its parts are listed one by one: functions, classes, and ``self``."""
        return kinds.is_code(self.obj) or (self.path == members.SELF and self.reduction is not None)


class Unreducible(Exception):  # noqa: N818 - carries the node; becomes an error of the package's above
    """A node whose own code fails when it is asked how to pickle it; its cause is what that raised."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.path)
        self.node = node


def walk(func: object, reduction_of: Callable[[object], Reduction | None]) -> list[Node]:
    """All nodes, the function's own first; a node stands before those that it holds.

    Args:
        func: what is sent.
        reduction_of: asks an object how it is pickled; None for what is sent by reference.

    Raises:
        Unreducible: an object cannot be asked.
    """
    first = _first(func)
    found: list[Node] = []
    known: set[int] = set()
    waiting = [first]
    while waiting:
        following: list[Node] = []
        for node in waiting:
            if id(node.obj) in known or len(found) >= MOST_NODES:
                continue
            if not _is_node(node, reduction_of):
                continue
            known.add(id(node.obj))
            found.append(node)
            if node.parent is not None:
                node.parent.children.append(node)
            following.extend(_held(node))
        waiting = following
    return found


def _first(func: object) -> Node:
    if kinds.is_code(func):
        return Node(func, members.name_of(func), "function")
    return Node(func, members.SELF, "attribute of self")


def _is_node(node: Node, reduction_of: Callable[[object], Reduction | None]) -> bool:
    """Whether it is measured on its own; asks it how it is pickled."""
    obj = node.obj
    if type(obj) in kinds.NATIVE:
        return not _is_small(obj, node.depth)
    try:
        node.reduction = reduction_of(obj)
    except Exception as error:
        raise Unreducible(node) from error
    return node.reduction is not None


def _is_small(obj: Any, depth: int) -> bool:
    """What is not worth a line; the empty tuple is not memoized either, so that it would be counted twice."""
    kind = type(obj)
    if kind is tuple:
        return len(obj) == 0
    return kind in kinds.NUMBERS or (kind in {str, bytes} and depth > 0 and len(obj) < _SHORT)


def _held(node: Node) -> Iterator[Node]:
    """What a node holds, in a fixed order."""
    through = node.through
    if node.parent is not None and kinds.is_a(node.obj, (types.FunctionType, type)):
        through = node.path
    for member in _members(node):
        how = member.how or node.how
        depth = 0 if member.is_root else node.depth + 1
        yield Node(member.value, member.path, how, through, parent=node, depth=depth)


def _of_native(node: Node) -> Iterator[Member]:
    obj = node.obj
    if type(obj) in {dict, list, tuple} and len(obj) <= MOST_MEMBERS and node.depth < _DEEPEST:
        yield from members.of_container(obj, node.path)


def _of_instance(node: Node, reduction: Reduction) -> Iterator[Member]:
    """Its class, if that is sent as well, and its attributes if the class is one of the user's."""
    for value in reduction.constructor[1]:
        if kinds.is_a(value, type):
            yield members.Member(value, members.name_of(value), "class")
    is_whole = node.depth < _DEEPEST and kinds.is_users_instance(node.obj)
    state = reduction.state
    if is_whole and not (type(state) is dict and len(state) > _MOST_ATTRIBUTES):
        yield from members.of_state(state, node.path)


# By type, the first that fits.
_PARTS: tuple[tuple[Any, _Parts], ...] = (
    (types.FunctionType, lambda node, known: members.of_function(node.obj, known.state)),
    (type, lambda node, known: members.of_class(node.obj, known.constructor[1], known.state)),
    (types.MethodType, lambda node, _: members.of_method(node.obj)),
    (partial, lambda node, _: members.of_partial(node.obj)),
    ((property, classmethod, staticmethod), lambda node, _: members.of_descriptor(node.obj, node.path)),
    (types.ModuleType, lambda node, known: members.of_module(known.whole[1][1], node.path)),
    (object, _of_instance),
)


def _members(node: Node) -> Iterator[Member]:
    if node.reduction is None:
        return _of_native(node)
    parts = next(parts for kind, parts in _PARTS if kinds.is_a(node.obj, kind))
    return parts(node, node.reduction)
