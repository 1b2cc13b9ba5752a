"""Space of a file that was read, given back."""

from __future__ import annotations

import ctypes

from airflow_spark_guard.process.disk_space import give_back


def test_the_blocks_go_and_the_rest_stays(tmp_path):
    """Also for whoever writes to it."""
    path = tmp_path / "f"
    with path.open("w+b", buffering=0) as file:
        file.write(b"x" * (1 << 20) + b"end")
        give_back(file.fileno(), 1 << 20)
        assert path.stat().st_size == (1 << 20) + 3
        assert path.stat().st_blocks * 512 < 1 << 19
        file.seek(1 << 20)
        assert file.read() == b"end"


def test_where_it_cannot_be_done_nothing_happens(monkeypatch):
    """Another system, another file system."""
    give_back(-1, 1)

    def missing(*_: object, **__: object) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", missing)
    give_back(1, 1)
