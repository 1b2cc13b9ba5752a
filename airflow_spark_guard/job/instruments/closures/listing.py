"""Which of the measured objects are listed, and with which sizes: they never overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.job.instruments.closures import kinds
from airflow_spark_guard.job.instruments.closures.captures import Captured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.job.instruments.closures.walk import Node

MOST = 100
# A member that is at least this share of what holds it is listed on its own, if that is worth a line.
_DOMINANT, _WORTH_IT = 0.5, 1024


def listed(nodes: Sequence[Node], size: int, used: set[str] | None) -> tuple[Captured, ...]:
    """The captured objects, the largest first.

    Args:
        nodes: measured, a node before those that it holds; the first is the function itself.
        size: of all.
        used: names that the function uses, if it captures ``self``.
    """
    totals: dict[int, int] = {}
    for node in reversed(nodes):
        totals[id(node)] = node.own + sum(totals[id(child)] for child in node.children)
    sizes: dict[int, int] = {id(nodes[0]): totals[id(nodes[0])]} if nodes else {}
    for node in nodes:
        if id(node) not in sizes:
            continue
        for child in _separate(node, totals):
            sizes[id(child)] = totals[id(child)]
            sizes[id(node)] -= totals[id(child)]
    for node in reversed(nodes):
        if _is_method(node) and node.parent is not None and id(node) in sizes:
            sizes[id(node.parent)] += sizes.pop(id(node))
    # The function's own code is not something that it captures.
    skipped = {id(node) for node in nodes[:1] if kinds.is_code(node.obj)}
    shown = [node for node in nodes if id(node) in sizes.keys() - skipped]
    # A reference may be longer than what it refers to: by a few bytes.
    found = [_captured(node, max(0, sizes[id(node)]), size, used) for node in shown]
    return tuple(sorted(found, key=lambda one: -one.size_bytes)[:MOST])


def _separate(node: Node, totals: dict[int, int]) -> list[Node]:
    if node.is_opened:
        return node.children
    total = totals[id(node)]
    return [
        child for child in node.children if total >= _WORTH_IT and totals[id(child)] >= _DOMINANT * total
    ][:1]


def _is_method(node: Node) -> bool:
    """Its code counts for its class; what it uses is listed."""
    holder = node.parent.obj if node.parent is not None else None
    is_held = kinds.is_a(holder, type) or kinds.is_descriptor(holder)
    return is_held and kinds.is_code(node.obj) and not kinds.is_a(node.obj, type)


def _captured(node: Node, own: int, size: int, used: set[str] | None) -> Captured:
    is_used = None
    if used is not None and node.how == "attribute of self" and node.depth > 0:
        is_used = node.path.split(".")[1].split("[")[0] in used
    return Captured(
        path=node.path,
        how=node.how,
        type_name=kinds.type_name(node.obj),
        size_bytes=own,
        share=min(1.0, own / size) if size else 0.0,
        through=node.through,
        used=is_used,
    )
