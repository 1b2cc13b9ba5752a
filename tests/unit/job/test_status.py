"""The launcher's thread: what it says of a running application, and that it disturbs nothing."""

from __future__ import annotations

import pickle
import sys
from types import SimpleNamespace

import pytest

from airflow_spark_guard.job import status
from airflow_spark_guard.job.progress import Progress
from airflow_spark_guard.job.wire import Channel
from airflow_spark_guard.process.channel import ChannelReader
from tests.support.scala import Execution, Java, Store


class Context:
    """As much of a SparkContext as is asked for."""

    applicationId, uiWebUrl, version = "app-7", "http://127.0.0.1:4040", "4.2.0"  # noqa: N815

    def __init__(self):
        self.stages, self.jobs, self.stopped, self._jsc = {}, [], False, self
        self.descriptions, self.described = {}, []

    def sc(self):
        return self

    def isStopped(self):  # noqa: N802
        return self.stopped

    def statusTracker(self):  # noqa: N802
        return self

    def getActiveJobsIds(self):  # noqa: N802
        return self.jobs

    def getActiveStageIds(self):  # noqa: N802
        return [*self.stages, 99]

    def getStageInfo(self, stage):  # noqa: N802
        return self.stages.get(stage)

    def statusStore(self):  # noqa: N802
        return self

    def lastStageAttempt(self, stage):  # noqa: N802
        self.described.append(stage)
        text = self.descriptions[stage]
        return SimpleNamespace(
            description=lambda: SimpleNamespace(isDefined=lambda: text is not None, get=lambda: text)
        )


@pytest.fixture
def said(tmp_path):
    """(status, the messages since the last look)."""
    reader = ChannelReader(tmp_path / "c")
    channel = Channel(str(tmp_path / "c"))
    yield status.Status(channel, Progress(channel)), reader.read
    reader.close()


@pytest.fixture
def context():
    """A module under pyspark's name, as ``sys.modules`` has it in a driver."""
    names = ("pyspark.core.context", "pyspark.context", "pyspark.sql.session")
    kept = {name: sys.modules.pop(name, None) for name in names}
    context = Context()
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


def test_a_new_context_is_said_once_and_its_figures_on_change(said, context):
    """A stage that has gone in between is passed over."""
    told, messages = said
    told.poll()
    context.stages[3], context.jobs = stage(1), [0]
    told.poll()
    told.poll()
    context.stages[3] = stage(2)
    told.poll()
    found = messages()
    assert [m.kind for m in found] == ["hello", "progress", "progress", "progress"]
    assert found[0].fields["application_id"] == "app-7"
    assert found[0].fields["ui_url"] == "http://127.0.0.1:4040"
    assert [row["done"] for m in found[1:] for row in m.fields["stages"]] == [1, 2]
    assert [m.fields["jobs"] for m in found[1:]] == [0, 1, 1]
    assert all(m.fields["rss"] > 1 << 20 for m in found[1:])
    assert all("sql" not in m.fields for m in found[1:])


def test_without_a_context_nothing_is_said(said, context):
    """A script that never uses Spark, or not yet."""
    told, messages = said
    for modules in ({}, {"pyspark.core.context": SimpleNamespace()}):
        sys.modules.pop("pyspark.core.context", None)
        sys.modules.update(modules)
        told.poll()
    assert messages() == []


def test_a_context_that_has_ended_has_no_stages_left(said, context):
    """The last word on it must not stand for ever."""
    told, messages = said
    context.stages[3] = stage(1)
    told.poll()
    context._jsc = None
    told.poll()
    fields = messages()[-1].fields
    assert fields["stages"] == []
    assert "jobs" not in fields


def test_nothing_is_asked_while_the_context_stops(said, context):
    """Its parts close one after the other; a stop that hangs must not repeat a stage that has ended."""
    told, messages = said
    context.stages[3], context.jobs = stage(1), [0]
    told.poll()
    assert messages()[-1].fields["jobs"] == 1
    context.stopped, context.statusTracker = True, None
    told.poll()
    told.poll()
    (last,) = messages()
    assert (last.kind, last.fields["stages"], last.fields.get("jobs")) == ("progress", [], None)


def test_figures_of_the_last_poll_are_past_after_three_that_failed(said, context):
    """One that fails in between proves nothing: a hung stage must not begin anew."""
    told, messages = said
    context.stages[3], context.jobs = stage(1), [0]
    told.poll()
    messages()
    for _ in range(2):
        context.getActiveJobsIds = None
        assert [told.try_poll(), told.try_poll()] == [False, False]
        del context.getActiveJobsIds
        assert told.try_poll()
    assert messages() == []
    context.getActiveJobsIds = None
    assert [told.try_poll() for _ in range(3)] == [False] * 3
    assert [m.fields["stages"] for m in messages()] == [[]]
    assert told.missed == 7


def test_a_context_that_breaks_does_not_end_the_thread(said, context):
    """The script may be stopping it at this moment."""
    told, _ = said
    context.statusTracker = None
    assert told.try_poll() is False
    assert told.missed == 1
    del context.statusTracker
    assert told.try_poll() is True


def test_the_status_store_is_asked_once_a_job_runs(said, context):
    """Asking sets it up, which is Spark's business and not ours; another session's is never asked."""
    told, messages = said
    asked = []
    empty, jvm = Store(), Java()
    shared = SimpleNamespace(statusStore=lambda: asked.append(1) or empty)
    session = SimpleNamespace(_sc=None, _jsparkSession=SimpleNamespace(sharedState=lambda: shared), _jvm=jvm)
    sys.modules["pyspark.sql.session"] = SimpleNamespace(
        SparkSession=SimpleNamespace(_instantiatedSession=session)
    )
    context.jobs = [1]
    told.poll()
    session._sc, context.jobs = context, []
    told.poll()
    assert (asked, messages()[-1].fields.get("sql")) == ([], None)
    context.jobs = [1]
    told.poll()
    context.jobs = []
    told.poll()
    assert (asked, messages()[-1].fields["sql"]) == ([1], "")


def test_a_running_stage_carries_its_own_metrics(said, context):
    """The one whose tasks run; a stage that waits has none yet."""
    told, messages = said
    execution = Execution(0)
    execution.stage_ids = [3]
    store = Store()
    store.executions.append(execution)
    session = SimpleNamespace(
        _sc=context,
        _jsparkSession=SimpleNamespace(sharedState=lambda: SimpleNamespace(statusStore=lambda: store)),
        _jvm=Java(),
    )
    sys.modules["pyspark.sql.session"] = SimpleNamespace(
        SparkSession=SimpleNamespace(_instantiatedSession=session)
    )
    context.stages, context.jobs = (
        {3: stage(1), 4: SimpleNamespace(**{**vars(stage(0)), "stageId": 4, "numActiveTasks": 0})},
        [1],
    )
    told.poll()
    rows = messages()[-1].fields["stages"]
    assert [(row["stage"], len(row.get("sql", ""))) for row in rows] == [(3, 16), (4, 0)]


def test_a_poll_that_takes_long_is_made_less_often():
    """5, 10, 20, 30 seconds, and back step by step."""
    paces, pace = [], 0
    for seconds in (0.1, 0.2, 0.2, 0.2, 0.2, 0.01, 0.2, 0.0, 0.0, 0.0, 0.0):
        pace = status.next_pace(pace, seconds)
        paces.append(status.POLL_EVERY[pace])
    assert paces == [5, 10, 20, 30, 30, 20, 30, 20, 10, 5, 5]


def test_jobs_are_cancelled_once_when_asked(said, context):
    """Before the kill, so that committers take back what is half written; again when that failed."""
    told, _ = said
    asked = []

    def refuse():
        raise RuntimeError

    context.cancelAllJobs = refuse
    assert told.try_cancel() is False
    context.cancelAllJobs = lambda: asked.append("cancelled")
    assert told.try_cancel() is True
    assert asked == ["cancelled"]


def test_the_receiver_of_a_stream_is_marked(said, context, monkeypatch):
    """Only where the script has imported DStreams, one question a stage; a stage that is gone is asked again."""
    told, messages = said
    context.stages = {
        number: SimpleNamespace(**{**vars(stage(0)), "stageId": number}) for number in (3, 4, 5, 6)
    }
    context.descriptions = {3: "Streaming job running receiver 0", 4: "the users' own", 5: None}
    told.poll()
    assert (context.described, [row for row in messages()[-1].fields["stages"] if "receiver" in row]) == (
        [],
        [],
    )
    monkeypatch.setitem(sys.modules, "pyspark.streaming.context", SimpleNamespace())
    for _ in range(2):
        told.poll()
    rows = messages()[-1].fields["stages"]
    assert [(row["stage"], row.get("receiver")) for row in rows] == [(3, 1), (4, None), (5, None), (6, None)]
    assert context.described == [3, 4, 5, 6, 6]
    context.applicationId = "app-8"
    told.poll()
    assert context.described[5:] == [3, 4, 5, 6]


@pytest.mark.parametrize(("level", "warned"), [(None, 1), ("0", 1), ("1", 0)])
def test_a_large_function_is_left_to_the_instruments(said, context, tmp_path, monkeypatch, level, warned):
    """They name what makes it large: two warnings of one function would be one too many."""
    polled, messages = said
    monkeypatch.setattr(context, "_temp_dir", str(tmp_path / "broadcasts"), raising=False)
    monkeypatch.delenv("SPARK_GUARD_VERBOSITY", raising=False)
    if level is not None:
        monkeypatch.setenv("SPARK_GUARD_VERBOSITY", level)
    (tmp_path / "broadcasts").mkdir()
    polled.poll()
    with (tmp_path / "broadcasts" / "a").open("wb") as file:
        pickle.dump(pickle.dumps((len, b"x" * (2 << 20), "_make_function"), 5), file, 5)
    polled.poll()
    assert [message.kind for message in messages()].count("warning") == warned
