"""Commands that stand in for docker, since an engine is not for these tests."""

from __future__ import annotations

import pytest


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """A PATH of its own; ``commands(name, script)`` puts a shell script there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def add(name: str, script: str) -> None:
        file = folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    return add
