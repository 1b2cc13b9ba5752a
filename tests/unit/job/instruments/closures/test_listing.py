"""What is listed does not overlap, and adds up."""

from __future__ import annotations

from airflow_spark_guard.job.instruments.closures.listing import MOST, listed
from airflow_spark_guard.job.instruments.closures.walk import Node


def tree(*rows):
    """Nodes from (path, object, own size, number of the parent)."""
    nodes = []
    for path, obj, own, parent in rows:
        node = Node(obj, path, "global", own=own, parent=None if parent is None else nodes[parent])
        if node.parent is not None:
            node.parent.children.append(node)
        nodes.append(node)
    return nodes


def sizes(nodes, used=None):
    total = sum(node.own for node in nodes)
    return {one.path: one.size_bytes for one in listed(nodes, total, used)}


def func():
    """Some function."""


def test_a_member_that_dominates_is_listed_on_its_own():
    """With what is left for what holds it; the function's own code is not listed."""
    nodes = tree(("f", func, 500, None), ("a", {}, 10, 0), ('a["x"]', [], 9000, 1), ('a["y"]', [], 90, 1))
    assert sizes(nodes) == {'a["x"]': 9000, "a": 100}


def test_without_one_that_dominates_the_whole_is_listed():
    """Also if it is too small to be worth a line."""
    even = tree(
        ("f", func, 500, None), ("a", {}, 10, 0), ("x", [], 900, 1), ("y", [], 1000, 1), ("z", [], 900, 1)
    )
    small = tree(("f", func, 500, None), ("a", {}, 10, 0), ("x", [], 900, 1))
    assert sizes(even) == {"a": 2810}
    assert sizes(small) == {"a": 910}


def test_methods_count_for_their_class():
    """What they use is listed."""
    nodes = tree(("f", func, 500, None), ("A", Node, 100, 0), ("A.m", func, 300, 1), ("T", [], 5000, 2))
    assert sizes(nodes) == {"T": 5000, "A": 400}


def test_shares_are_of_all_and_the_list_is_bounded():
    """A hundred at most, the largest first."""
    nodes = tree(("f", func, 0, None), *((f"v{n}", [], n, 0) for n in range(200)))
    found = listed(nodes, 19900, None)
    assert len(found) == MOST
    assert (found[0].path, found[0].share) == ("v199", 199 / 19900)


def test_attributes_of_self_are_marked_as_used_or_not():
    """By their first name."""
    nodes = tree(("self", Node([], "x", "global"), 10, None), ("self.a[0]", [], 9, 0), ("self.b", [], 8, 0))
    for node in nodes:
        node.how, node.depth = "attribute of self", int(node.parent is not None)
    nodes[0].reduction = object()
    found = {one.path: one.used for one in listed(nodes, 27, {"a"})}
    assert found == {"self": None, "self.a[0]": True, "self.b": False}


def test_nothing_is_listed_of_nothing():
    """A function that is sent by reference."""
    assert listed([], 0, None) == ()
