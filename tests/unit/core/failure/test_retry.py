"""Whether another try can help."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.failure.retry import Tries, advise
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.verdict_table import VERDICTS, RetryAdvice


def died_of(verdict: Verdict, *, retry: bool | None = None, advice: str = "") -> errors.AttemptError:
    details = errors.AttemptDetails(retry=retry)
    return errors.AttemptError("It failed.", verdict=verdict, advice=advice, details=details)


@pytest.mark.parametrize("verdict", Verdict)
def test_what_a_retry_cannot_cure_is_not_tried_again(verdict):
    never = {Verdict.WORKER_CRASHED, Verdict.DRIVER_SILENT, Verdict.NOT_EXITING, Verdict.USER_CODE}
    never |= {Verdict.TAKEN_OVER}
    assert advise(died_of(verdict), 1).retry is (verdict not in never)


def test_a_stall_is_tried_again_once():
    assert advise(died_of(Verdict.STALLED), 1).retry
    assert not advise(died_of(Verdict.STALLED), 2).retry
    assert advise(died_of(Verdict.DEADLINE), 50) == VERDICTS[Verdict.DEADLINE].advice


@pytest.mark.parametrize("verdict", [Verdict.EXECUTORS_LOST, Verdict.JVM_GONE, Verdict.DRIVER_GONE])
def test_a_verdict_alone_says_nothing_of_memory(verdict):
    """Whether it was memory, the evidence says: an exit code, a container's end."""
    hint = advise(died_of(verdict), 1).hint
    assert "emory" not in hint
    assert "see above" in hint


@pytest.mark.parametrize(
    ("number", "last", "left"),
    [(1, 1, 0), (1, 3, 2), (3, 3, 0), (5, 6, 1), (4, 3, 0)],
)
def test_a_last_try_is_known_as_one(number, last, left):
    """After a clear both numbers go on; a task whose ``retries`` were lowered is beyond its last."""
    tries = Tries(number, last)
    assert tries.left == left
    if not left:
        assert tries.over() == f"No retry is left: this was try {number} of {max(number, last)}."


def test_a_diagnosis_knows_better_than_its_verdict():
    """Kryo's buffer does not grow by waiting; an executor that is short of heap is so again."""
    no = died_of(Verdict.TOOLCHAIN, retry=False, advice="Raise spark.kryoserializer.buffer.max.")
    assert advise(no, 1) == RetryAdvice(retry=False, times=0, hint="Raise spark.kryoserializer.buffer.max.")
    assert not advise(died_of(Verdict.EXECUTORS_LOST, retry=False), 1).retry
    assert advise(died_of(Verdict.TOOLCHAIN, retry=True), 9).retry
    assert advise(died_of(Verdict.USER_CODE, retry=True), 1) == RetryAdvice(
        retry=True, times=None, hint=VERDICTS[Verdict.USER_CODE].advice.hint
    )


def test_bad_input_is_never_tried_again():
    """It was found before anything was started."""
    assert not advise(errors.ConfError("No such key."), 1).retry
    assert advise(errors.ProtocolError("Not a message."), 1).retry
