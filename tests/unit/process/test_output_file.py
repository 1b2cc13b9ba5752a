"""The whole output where it fits, else its two ends."""

from __future__ import annotations

import os

import pytest

from airflow_spark_guard.process.output_file import OutputFile, open_at


@pytest.fixture
def folder(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_what_fits_is_whole(tmp_path, folder):
    """Up to the size, byte by byte."""
    file = OutputFile(folder, 4000)
    parts = [bytes([n]) * 100 for n in range(30)]
    for part in parts:
        file.write(part)
    file.close()
    assert (tmp_path / "output.log").read_bytes() == b"".join(parts)
    assert [path.name for path in tmp_path.iterdir()] == ["output.log"]
    assert (tmp_path / "output.log").stat().st_mode & 0o777 == 0o600


def test_beyond_its_size_the_middle_is_left_out_and_counted(tmp_path, folder):
    """Beginning and end are there; never more than its size on disk."""
    file = OutputFile(folder, 4000)
    for n in range(10_000):
        file.write(b"%09d\n" % n)
        if n % 100 == 0:
            assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4000
            tails = sorted(tmp_path.glob("output.tail.*"), key=lambda path: int(path.suffix[1:]))
            assert len(tails) <= 2
            last = (tails[-1] if tails else tmp_path / "output.log").read_bytes()
            assert last.endswith(b"%09d\n" % n)
    file.close()
    lines = (tmp_path / "output.log").read_text().splitlines()
    assert [int(line) for line in lines[:200]] == list(range(200))
    kept = [int(line) for line in lines[203:]]
    assert kept == list(range(10_000 - len(kept), 10_000))
    assert lines[201] == f"... {(10_000 - 200 - len(kept)) * 10} bytes of output are left out here ..."
    assert [path.name for path in tmp_path.iterdir()] == ["output.log"]


def test_a_giant_chunk_is_cut_into_parts(tmp_path, folder):
    """No part is larger than its share."""
    file = OutputFile(folder, 4000)
    file.write(b"x" * 100_000)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4000
    file.close()


def test_a_link_in_the_place_of_a_file_is_refused(tmp_path, folder):
    """Nobody makes us write elsewhere."""
    (tmp_path / "output.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        open_at(folder, "output.log", os.O_WRONLY)
