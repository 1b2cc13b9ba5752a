"""spark-submit's output, in chunks that end anywhere."""

import json

from airflow_spark_guard.attempt.submit_output import SubmitOutput
from airflow_spark_guard.core.watch.executor_heartbeat import MARK
from airflow_spark_guard.core.watch.observation import Observation, TaskHeartbeat

EXIT = "INFO StandaloneSchedulerBackend: Executor app-1/{} removed: Command exited with code 137\n"


def test_a_reason_that_goes_on_in_the_next_chunk_is_read_whole():
    """On Kubernetes it has several lines, without a word that a watch listens for."""
    output = SubmitOutput()
    output.read(b"26/11/20 10:00:00 ERROR TaskSchedulerImpl: Lost executor 5 on 10.0.0.9: \n", 5.0)
    output.read(b"The pod was deleted by a user or the framework.\n26/11/20 10:00:00 INFO A: b\n", 5.0)
    assert output.log.executor_exits == 0
    assert output.log.exits.take()[0].reason == "The pod was deleted by a user or the framework."


def test_lines_are_read_however_the_output_is_cut():
    """A chunk ends anywhere; a line without an end is kept, but not all of it."""
    output = SubmitOutput()
    text = (EXIT.format(1) + "x\n" + EXIT.format(2)).encode()
    for at in range(0, len(text), 7):
        output.read(text[at : at + 7], 5.0)
    assert output.log.executor_exits == 2
    output.read(b"x" * 100_000, 5.0)
    output.read(b"\n" + EXIT.format(3).encode(), 5.0)
    assert output.log.executor_exits == 3
    output.read(b"\xff\xfe " + EXIT.format(4).encode(), 5.0)
    assert output.log.executor_exits == 4


def test_an_executor_that_ended_is_news_once():
    """And is added to one observation, with the time at which it was printed."""
    output = SubmitOutput()
    assert not output.has_new_exits()
    output.read(EXIT.format(7).encode(), 9.0)
    assert [output.has_new_exits(), output.has_new_exits()] == [True, False]
    first, second = output.added_to(Observation()), output.added_to(Observation())
    assert [(row.id, row.at) for row in first.exits] == [("7", 9.0)]
    assert second.exits == ()
    assert (first.executor_exits, second.executor_exits) == (1, 1)
    assert second.exit_reason == "Command exited with code 137"


def test_heartbeats_in_the_output_are_added_to_those_of_executors():
    """They stay known while no newer one comes."""
    output, other = SubmitOutput(), TaskHeartbeat("0", 3, "aa")
    output.read(f"{MARK} {json.dumps({'w': 7, 't': 1.5, 'n': 1})}\n".encode(), 1.0)
    output.read(b"something else\n", 2.0)
    beats = output.added_to(Observation(task_heartbeats=(other,))).task_heartbeats
    assert (beats[0], [(beat.executor, beat.stage) for beat in beats[1:]]) == (other, [("", None)])


def test_advice_is_passed_on_once():
    """Of a task that is too large, for example."""
    notices = []
    output = SubmitOutput(notices.append)
    line = b"WARN TaskSetManager: Stage 3 contains a task of very large size (2048 KiB). The maximum is 1000 KiB.\n"
    output.read(line, 1.0)
    output.read(line, 2.0)
    assert [notice[:40] for notice in notices] == ["Each task of stage 3 gets 2.0 MiB from t"]
