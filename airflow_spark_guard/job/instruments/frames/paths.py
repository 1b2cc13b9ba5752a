"""The longest path of a graph that is read node by node, up to a number of nodes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator


@dataclass(frozen=True, order=True)
class Depth:
    """Operators on the longest path from a result to a source, both included.

    Attributes:
        value: the number; a lower bound unless ``exact``.
        exact: whether the whole graph was read.
    """

    value: int
    exact: bool = True

    def __str__(self) -> str:
        return str(self.value) if self.exact else f"at least {self.value}"


@dataclass
class _Step:
    key: Hashable
    children: Iterator[Any]
    below: int = 0


def longest_path(
    root: Any, children: Callable[[Any], Iterable[Any]], key: Callable[[Any], Hashable], most: int
) -> tuple[Depth, int]:
    """The longest path from ``root``, and how many nodes were read.

    Each node is read once, however many paths lead to it. No recursion: a path may be longer than Python's
    stack.

    Args:
        root: the node to begin at.
        children: the nodes below a node; none for a source.
        key: equal for two looks at one node.
        most: nodes to read; where there are more, the depth is that of the longest path seen so far.
    """
    heights: dict[Hashable, int] = {}
    first = _Step(key(root), iter(children(root)))
    path = [first]
    deepest = 1
    while path:
        step = path[-1]
        for child in step.children:
            its_key = key(child)
            known = heights.get(its_key)
            if known is None:
                if len(heights) + len(path) >= most:
                    return Depth(deepest, exact=False), len(heights) + len(path)
                path.append(_Step(its_key, iter(children(child))))
                deepest = max(deepest, len(path))
                break
            step.below = max(step.below, known)
        else:
            path.pop()
            heights[step.key] = step.below + 1
            if path:
                path[-1].below = max(path[-1].below, step.below + 1)
    return Depth(first.below + 1), len(heights)
