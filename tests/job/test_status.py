"""The launcher's thread: what it says of a running application, and that it disturbs nothing."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from airflow_spark_guard.job import status
from airflow_spark_guard.job.wire import Channel
from airflow_spark_guard.process.channel import ChannelReader


class Context:
    """As much of a SparkContext as is asked for."""

    applicationId, uiWebUrl, version = "app-7", "http://127.0.0.1:4040", "4.2.0"  # noqa: N815

    def __init__(self):
        self.stages = {}

    def statusTracker(self):  # noqa: N802
        return self

    def getActiveStageIds(self):  # noqa: N802
        return [*self.stages, 99]

    def getStageInfo(self, stage):  # noqa: N802
        return self.stages.get(stage)


@pytest.fixture
def channel(tmp_path):
    reader = ChannelReader(tmp_path / "c")
    yield Channel(str(tmp_path / "c")), reader
    reader.close()


@pytest.fixture
def context():
    """A module under pyspark's name, as ``sys.modules`` has it in a driver."""
    kept = {name: sys.modules.get(name) for name in ("pyspark.core.context", "pyspark.context")}
    context = Context()
    sys.modules.pop("pyspark.context", None)
    sys.modules["pyspark.core.context"] = SimpleNamespace(
        SparkContext=SimpleNamespace(_active_spark_context=context)
    )
    yield context
    for name, module in kept.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def stage(done):
    return SimpleNamespace(
        stageId=3, currentAttemptId=0, numTasks=8, numActiveTasks=2, numCompletedTasks=done, numFailedTasks=0
    )


def test_a_new_context_is_said_once_and_its_stages_on_change(channel, context):
    """A stage that has gone in between is passed over."""
    writer, reader = channel
    said = {}
    status.publish(writer, said)
    context.stages[3] = stage(1)
    status.publish(writer, said)
    status.publish(writer, said)
    context.stages[3] = stage(2)
    status.publish(writer, said)
    messages = reader.read()
    assert [m.kind for m in messages] == ["hello", "progress", "progress", "progress"]
    assert messages[0].fields["application_id"] == "app-7"
    assert messages[0].fields["ui_url"] == "http://127.0.0.1:4040"
    assert [row["done"] for m in messages[1:] for row in m.fields["stages"]] == [1, 2]


def test_without_a_context_nothing_is_said(channel):
    """A script that never uses Spark, or not yet."""
    writer, reader = channel
    kept = {name: sys.modules.pop(name, None) for name in ("pyspark.core.context", "pyspark.context")}
    status.publish(writer, {})
    sys.modules.update({name: module for name, module in kept.items() if module})
    assert reader.read() == []


def test_a_context_that_breaks_does_not_end_the_thread(channel, context):
    """The script may be stopping it at this moment."""
    writer, _ = channel
    context.statusTracker = None
    said = {}
    assert status.try_publish(writer, said) is False
    assert said["missed"] == 1
    del context.statusTracker
    assert status.try_publish(writer, said) is True
