"""Objects are found by their nearest way, each once, within bounds."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.closures.counting import CountingFile
from airflow_spark_guard.job.instruments.closures.pickler import ClosurePickler
from airflow_spark_guard.job.instruments.closures.walk import MOST_MEMBERS, MOST_NODES, Unreducible, walk
from tests.support.closures import script


def found(text, name="f"):
    return walk(script(text)[name], ClosurePickler(CountingFile(60)).reduction)


def paths(text, name="f"):
    return [node.path for node in found(text, name)]


def test_a_node_stands_before_those_that_it_holds():
    """The function first; by distance."""
    nodes = found("A = {'k': [1]}\nB = {'k': A}\ndef f(): return B, A")
    assert [node.path for node in nodes] == ["f", "B", "A", 'A["k"]']
    assert nodes[3].parent is nodes[2]
    assert nodes[2].children == [nodes[3]]


def test_small_values_and_what_is_sent_by_reference_are_not_nodes():
    """Numbers, None, the empty tuple, modules; short texts inside others."""
    assert paths(
        "import os\nA, B, C, D = 1, None, (), {'k': 'short'}\ndef f(): return A, B, C, D, os, len"
    ) == [
        "f",
        "D",
    ]


def test_a_function_that_another_one_uses_is_named_at_what_it_uses():
    """``through``; its own captures follow."""
    nodes = found("A, B = [1], [2]\ndef g(): return A\ndef f(): return g, B")
    assert {node.path: node.through for node in nodes} == {"f": "", "g": "", "B": "", "A": "g"}


def test_what_is_large_or_deep_is_a_whole():
    """65 members, 4 levels."""
    assert paths(f"A = [[n] for n in range({MOST_MEMBERS + 1})]\ndef f(): return A") == ["f", "A"]
    assert paths("A = [[[[[[1]]]]]]\ndef f(): return A")[-1] == "A[0][0][0]"


def test_there_are_not_more_nodes_than_may_be():
    """The rest counts for what holds it."""
    text = "A = [[[[n] for n in range(60)] for m in range(60)] for k in range(60)]\ndef f(): return A"
    assert len(found(text)) == MOST_NODES


def test_thousands_of_functions_need_no_recursion():
    """Each captures the next one."""
    text = "def f0(): return None\n" + "".join(f"def f{n}(): return f{n - 1}\n" for n in range(1, 1500))
    assert len(found(text, "f1499")) == 1500


def test_an_object_whose_code_raises_is_carried_by_the_error():
    """With its path."""
    with pytest.raises(Unreducible) as caught:
        found("class A:\n    def __reduce__(self): raise KeyError\na = [A()]\ndef f(): return a")
    assert caught.value.node.path == "a[0]"
    assert isinstance(caught.value.__cause__, KeyError)


def test_what_is_opened_is_code_and_self():
    """What they hold is listed one by one."""
    nodes = found("class A:\n    def call(self): return 1\na = A()\na.b = [1]\nf = a.call")
    assert {node.path for node in nodes if node.is_opened} == {"call", "self", "A"}
