"""Verdicts and keys in words."""

from __future__ import annotations

import pytest

from airflow_spark_guard import errors
from airflow_spark_guard.core.verdict import Verdict
from tests.support.spark_guard import run


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_explained(capsys, verdict):
    """Its meaning, what to do, whether it is retried, and the exception to catch."""
    code, out, _ = run(capsys, "explain", verdict)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == verdict
    assert [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "] == [
        "meaning", "what", "retried", "because", "exception",
    ]  # fmt: skip
    name = lines[-1].rpartition(".")[2]
    assert issubclass(getattr(errors, name), errors.AttemptError)
    assert "`" not in out


@pytest.mark.parametrize("name", ["stalled", " Executors-Lost ", "executors lost"])
def test_a_verdict_is_recognised_however_it_is_written(capsys, name):
    assert run(capsys, "explain", name)[0] == 0


def test_a_key_is_explained_as_conf_does(capsys):
    """Type, versions, reason, and the value of the default profile."""
    code, out, _ = run(capsys, "explain", "spark.task.reaper.enabled")
    assert code == 0
    assert "Monitors cancelled tasks until they end" in out
    assert (
        run(capsys, "explain", "spark.netwrok.timeout")[1].count("Did you mean spark.network.timeout?") == 1
    )


@pytest.mark.parametrize(
    ("name", "advice"), [("STALED", "Did you mean STALLED?"), ("\x1b[31m", "Check the spelling.")]
)
def test_anything_else_is_an_error_with_the_nearest_name(capsys, name, advice):
    code, out, err = run(capsys, "explain", name)
    assert (code, out) == (1, "")
    assert "This is neither a verdict nor a key of Spark's configuration." in err
    assert advice in err
    assert "\x1b" not in err
