"""Bytes are counted, and not kept."""

from __future__ import annotations

import pickle

import pytest

from airflow_spark_guard.job.instruments.closures.counting import (
    CountingFile,
    OutOfTimeError,
    without_envelope,
)


def test_a_pickle_is_counted():
    """As many bytes as it has, in one part or in many."""
    for value in (1, ["a" * 9] * 5, list(range(100_000)), bytes(1_000_000), bytearray(1_000_000)):
        file = CountingFile(60)
        pickle.Pickler(file, 5).dump(value)
        assert file.count == len(pickle.dumps(value, 5))


def test_after_the_time_a_write_fails():
    """What was written until then is counted."""
    now = [100.0]
    file = CountingFile(5, lambda: now[0])
    assert file.write(b"abc") == 3
    now[0] = 105.1
    with pytest.raises(OutOfTimeError):
        file.write(memoryview(b"de"))
    assert file.count == 5


@pytest.mark.parametrize("value", [None, True, 5, "", "a" * 300, ["a", "b"], {"k": (1, 2)}])
def test_a_pickle_without_its_envelope_is_what_it_adds_to_a_list(value):
    """PROTO, FRAME and STOP are written once for all."""
    added = len(pickle.dumps([value, "z"], 5)) - len(pickle.dumps(["z", "z"], 5)) + len(b"h\x01")
    assert without_envelope(len(pickle.dumps(value, 5))) == added
