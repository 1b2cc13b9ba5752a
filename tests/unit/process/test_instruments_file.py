"""The first measurements, the newest ones and the warnings are kept, within the share."""

from __future__ import annotations

import json
import os

import pytest

from airflow_spark_guard.process import instruments_file as module
from airflow_spark_guard.process.instruments_file import InstrumentsFile


@pytest.fixture
def folder(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def rows(tmp_path):
    return [json.loads(line) for line in (tmp_path / "instruments.jsonl").read_text().splitlines()]


def write(file, numbers, warned=()):
    for n in numbers:
        file.write(json.dumps({"n": n, "text": "x" * 60}), warned=n in warned)


def test_without_a_measurement_there_is_no_file(tmp_path, folder):
    """A job without instruments has none."""
    InstrumentsFile(folder, 1000).close()
    assert list(tmp_path.iterdir()) == []


def test_what_fits_is_there_as_it_came(tmp_path, folder):
    """Readable by its owner only, while the job runs."""
    file = InstrumentsFile(folder, 1 << 20)
    write(file, range(100))
    assert [row["n"] for row in rows(tmp_path)] == list(range(100))
    assert (tmp_path / "instruments.jsonl").stat().st_mode & 0o777 == 0o600
    file.close()


def test_of_a_flood_the_first_the_newest_and_the_warnings_are_there(tmp_path, folder):
    """Never more than the share; the number of those left out stands where they are missing."""
    file, share = InstrumentsFile(folder, 16_000), 16_000
    for n in range(5000):
        write(file, [n], warned=range(300, 310))
        assert (tmp_path / "instruments.jsonl").stat().st_size <= share
    file.close()
    found = rows(tmp_path)
    (gap,) = [place for place, row in enumerate(found) if "left_out" in row]
    numbers = [row["n"] for row in found if "n" in row]
    assert numbers[:gap] == list(range(gap))
    assert gap > 20
    assert numbers[gap : gap + 10] == list(range(300, 310))
    assert numbers[gap + 10 :] == list(range(numbers[gap + 10], 5000))
    assert numbers == sorted(numbers)
    assert len(numbers) + found[gap]["left_out"] == 5000
    assert list(tmp_path.iterdir()) == [tmp_path / "instruments.jsonl"]


def test_of_a_flood_of_warnings_the_newest_are_there(tmp_path, folder):
    """They have a share, not all."""
    file = InstrumentsFile(folder, 16_000)
    write(file, range(3000), warned=range(3000))
    file.close()
    assert rows(tmp_path)[-1]["n"] == 2999
    assert (tmp_path / "instruments.jsonl").stat().st_size <= 16_000


def test_a_line_longer_than_an_eighth_of_the_share_is_left_out(tmp_path, folder):
    """It would take the place of all others."""
    file = InstrumentsFile(folder, 16_000)
    file.write("x" * 2000, warned=True)
    assert not list(tmp_path.iterdir())
    write(file, range(1000))
    file.close()
    found = rows(tmp_path)
    assert sum(row.get("left_out", 0) for row in found) + len(found) - 1 == 1001


def test_however_large_the_record_is_the_file_is_not(folder, monkeypatch, tmp_path):
    """Its lines are in memory too."""
    monkeypatch.setattr(module, "LARGEST", 8_000)
    file = InstrumentsFile(folder, 1 << 40)
    write(file, range(1000))
    file.close()
    assert (tmp_path / "instruments.jsonl").stat().st_size <= 8_000


def test_a_replacement_that_fails_leaves_the_old_file(folder, tmp_path, monkeypatch):
    """The record ends with that error, and what was written stays readable."""
    file = InstrumentsFile(folder, 8_000)
    write(file, range(50))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        write(file, range(50, 1000))
    assert [row["n"] for row in rows(tmp_path)][:50] == list(range(50))
    file.close()
