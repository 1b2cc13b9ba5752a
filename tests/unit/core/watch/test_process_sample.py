"""What a process of an attempt is, and what it does, are words of a closed set, in records as well."""

from __future__ import annotations

from typing import get_args

import pytest

from airflow_spark_guard.core.codec import decode, encode
from airflow_spark_guard.core.stacktraces.diagnostics import _DOING
from airflow_spark_guard.core.watch.process_sample import (
    IDLE,
    PYTHON,
    PYTHON_START,
    Activity,
    ProcessSample,
    Role,
    ThreadKind,
)


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("kind", get_args(Activity))
def test_every_role_and_activity_is_read_back(role, kind):
    """From the record of an attempt, whatever version has written it."""
    sample = ProcessSample(role, "8:9", "1", cpu=1.5, switches=3, kind=kind, stage=2)
    assert decode(ProcessSample, encode(sample)) == sample


@pytest.mark.parametrize(("field", "word"), [("role", "reaper"), ("kind", "sleeping")])
def test_any_other_word_is_refused(field, word):
    """It would be judged as something else."""
    raw = {**encode(ProcessSample("worker", "8:9")), field: word}
    with pytest.raises(ValueError, match=f"^{field}: '{word}' is not one of "):
        decode(ProcessSample, raw)


def test_the_words_that_rules_look_for_are_among_them():
    """And a message has words for each kind of thread."""
    assert {IDLE, PYTHON, PYTHON_START} <= set(get_args(Activity))
    assert set(get_args(Activity)) - {IDLE, ""} == set(get_args(ThreadKind)) == set(_DOING)
