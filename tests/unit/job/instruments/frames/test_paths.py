"""The longest path of a graph that is read node by node."""

from __future__ import annotations

from airflow_spark_guard.job.instruments.frames.paths import Depth, longest_path

DIAMOND = {
    "top": ["left", "right"],
    "left": ["source"],
    "right": ["middle"],
    "middle": ["source"],
    "source": [],
}


def depth(graph, root, most=1000):
    return longest_path(root, graph.__getitem__, lambda name: name, most)


def test_a_source_alone_is_one_deep():
    assert depth({"a": []}, "a") == (Depth(1), 1)


def test_the_longest_of_two_ways_counts_and_a_shared_node_is_read_once():
    assert depth(DIAMOND, "top") == (Depth(4), 5)


def test_a_shared_node_that_was_read_on_a_short_way_still_counts_on_a_long_one():
    graph = {"top": ["source", "a"], "a": ["b"], "b": ["source"], "source": ["file"], "file": []}
    assert depth(graph, "top") == (Depth(5), 5)


def test_doubling_sixty_times_costs_sixty_nodes():
    """A DataFrame joined with itself again and again has 2**60 paths."""
    graph = {number: [number + 1, number + 1] for number in range(60)} | {60: []}
    assert depth(graph, 0) == (Depth(61), 61)


def test_a_path_longer_than_pythons_stack():
    graph = {number: [number + 1] for number in range(50_000)} | {50_000: []}
    assert depth(graph, 0, 100_000) == (Depth(50_001), 50_001)


def test_where_the_walk_ends_early_the_depth_is_a_lower_bound():
    graph = {number: [number + 1] for number in range(50)} | {50: []}
    found, read = depth(graph, 0, 20)
    assert (found, read) == (Depth(20, exact=False), 20)
    assert str(found) == "at least 20"
    assert str(Depth(3)) == "3"
