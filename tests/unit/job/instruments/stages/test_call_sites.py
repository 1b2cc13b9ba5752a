"""Which line of the script a stage's name shows, and how it gets there."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.stages.call_sites import called_from, line_of, what_of


class Properties:
    """The local properties of a SparkContext's thread."""

    def __init__(self, **values):
        self.values, self.stopped = {"callSite.short": None, **values}, False

    def getLocalProperty(self, name):  # noqa: N802 - Spark's name
        return self.values[name]

    def setLocalProperty(self, name, value):  # noqa: N802 - Spark's name
        if self.stopped:
            message = "SparkContext was stopped"
            raise RuntimeError(message)
        self.values[name] = value


@pytest.mark.parametrize(
    ("name", "line", "what"),
    [
        ("collect at /opt/jobs/train.py:38", "train.py:38", "collect"),
        ("count at train.py:7", "train.py:7", "count"),
        ("save at C:\\jobs\\train.py:7", "train.py:7", "save"),
        ("count at NativeMethodAccessorImpl.java:0", "", ""),
        ("$anonfun$withThreadLocalCaptured$1 at CompletableFuture.java:1768", "", ""),
        ("reduce at RDD.scala:9", "", ""),
        ("a name of the user's own", "", ""),
        ("", "", ""),
    ],
)
def test_the_line_in_a_name(name, line, what):
    """Code of the JVM is not the user's line."""
    assert (line_of(name), what_of(name)) == (line, what)


def test_the_block_has_the_line_and_what_follows_has_not():
    """Also after an error."""
    context = Properties()
    inside = []
    with pytest.raises(ZeroDivisionError), called_from(context, "count", "job.py:3"):
        inside.append(context.values["callSite.short"]) or 1 / 0
    assert inside == ["count at job.py:3"]
    assert context.values == {"callSite.short": None}


@pytest.mark.parametrize(("before", "line"), [("of the script", "job.py:3"), (None, "")])
def test_a_call_site_of_the_scripts_own_stays_and_an_unknown_line_sets_none(before, line):
    """Neither in the block nor after it."""
    context = Properties(**{"callSite.short": before})
    with called_from(context, "count", line):
        assert context.values == {"callSite.short": before}
    assert context.values == {"callSite.short": before}


def test_a_block_that_stops_the_context_raises_nothing():
    """The property went with it."""
    context = Properties()
    with called_from(context, "stop", "job.py:3"):
        context.stopped = True
