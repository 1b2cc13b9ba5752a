"""What this host permits."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from airflow_spark_guard.cli.checks import host_checks
from airflow_spark_guard.cli.checks.host_checks import (
    DiskSpaceCheck,
    LimitsCheck,
    PySpyCheck,
    RecordStoreCheck,
)
from airflow_spark_guard.cli.checks.setup import Setup
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.store_address import StoreAddress
from tests.support.object_stores import Objects, object_store
from tests.support.paths import ROOT
from tests.support.setups import is_root, setup

NOBODY = 65534
# The kernel refuses to trace, as with ptrace_scope=2 or in a container without SYS_PTRACE.
FORBIDDEN = """
import json
from dataclasses import asdict
from tests.support.sandbox import refuse
from airflow_spark_guard.cli.checks.host_checks import PySpyCheck
from airflow_spark_guard.cli.checks.setup import Setup
refuse(1, 101, 310)  # ptrace, process_vm_readv
print(json.dumps([asdict(line) for line in PySpyCheck().run(Setup())]))
"""


def test_py_spy_reads_a_process_that_is_not_below_it(tmp_path):
    (line,) = PySpyCheck().run(setup(tmp_path))
    assert (line.state, line.what) == ("ok", "py-spy reads other processes")


def test_py_spy_that_may_not_trace_is_an_error_with_the_fix():
    done = subprocess.run(
        [sys.executable, "-c", FORBIDDEN], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    (line,) = json.loads(done.stdout)
    assert line["state"] == "error"
    assert line["what"].startswith("py-spy may not read another process")
    assert "kernel.yama.ptrace_scope=0" in line["fix"]


@pytest.mark.parametrize(
    ("script", "state", "what"),
    [
        (None, "error", "py-spy is not installed."),
        ("exit 1", "warning", "py-spy could not read a Python process"),
        ("echo '[]'", "warning", "py-spy read a Python process, but no stack."),
    ],
)
def test_py_spy_that_is_missing_or_fails_is_a_line(tmp_path, monkeypatch, script, state, what):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").symlink_to(Path(os.path.realpath("/proc/self/exe")))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    if script:
        (tmp_path / "py-spy").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "py-spy").chmod(0o755)
    (line,) = PySpyCheck().run(setup(tmp_path))
    assert (line.state, line.what[: len(what)]) == (state, what)


def test_records_are_written_and_removed(tmp_path):
    """In the folder, or in the nearest one above it."""
    (tmp_path / "r").mkdir()
    for folder, text in ((tmp_path / "r", "is writable"), (tmp_path / "r" / "a" / "b", "can be made")):
        (line,) = RecordStoreCheck().run(setup(tmp_path, record_folder=folder))
        assert (line.state, line.what) == ("ok", f"{folder} {text}")
    assert list((tmp_path / "r").iterdir()) == []


@pytest.mark.skipif(not is_root(), reason="another user is needed to be refused")
def test_a_read_only_folder_is_an_error():
    """Of another user; root may write anywhere."""
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o555)
        os.seteuid(NOBODY)
        try:
            (line,) = RecordStoreCheck().run(Setup(env={}, record_folder=folder / "records"))
        finally:
            os.seteuid(0)
    finally:
        shutil.rmtree(folder)
    assert line.state == "error"
    assert line.what == f"Records cannot be written to {folder}/records: Permission denied (in {folder})."
    assert "record_folder to another folder" in line.fix


def test_an_object_store_is_written_to_read_and_cleared(tmp_path, monkeypatch):
    """What refuses, or cannot be opened, is named."""
    objects, address = Objects(), StoreAddress("s3://aws@logs/guard")
    monkeypatch.setattr(
        "airflow_spark_guard.hooks.object_storage.open_store", lambda _: object_store(objects)
    )
    found = setup(tmp_path, record_folder=address)
    (line,) = RecordStoreCheck().run(found)
    assert (line.state, objects.names()) == ("ok", [])
    assert line.what == "s3://aws@logs/guard can be listed, written, read and cleared"
    assert not [line for line in DiskSpaceCheck().run(found) if "records" in line.what]
    objects.error = PermissionError("Access Denied")
    (line,) = RecordStoreCheck().run(found)
    assert (line.state, line.what) == (
        "error",
        "Records cannot be written to s3://aws@logs/guard: Access Denied",
    )

    def fails(_):
        raise BadInputError("It cannot be opened.", got="no s3", advice="pip install x")

    monkeypatch.setattr("airflow_spark_guard.hooks.object_storage.open_store", fails)
    (line,) = RecordStoreCheck().run(found)
    assert (line.state, line.fix) == ("error", "pip install x")


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "records").touch()
    (line,) = RecordStoreCheck().run(setup(tmp_path, record_folder=tmp_path / "records"))
    assert line.state == "error"
    assert "Not a directory" in line.what


def test_without_a_folder_nothing_is_tried(tmp_path, monkeypatch):
    (line,) = RecordStoreCheck().run(setup(tmp_path))
    assert (line.state, line.what[:9]) == ("ok", "not tried")
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "none")
    (line,) = RecordStoreCheck().run(setup(tmp_path, connection="spark_default"))
    assert line.what.startswith("switched off")
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(tmp_path))
    (line,) = RecordStoreCheck().run(setup(tmp_path, connection="spark_default"))
    assert line.what == f"{tmp_path} is writable"


def usage(free):
    return lambda _: shutil._ntuple_diskusage(1 << 40, 0, free)


@pytest.mark.parametrize(
    ("free", "state"), [(64 << 30, "ok"), (1 << 30, "warning"), (100 << 20, "error"), (0, "error")]
)
def test_space_is_counted_for_spark_and_for_records(tmp_path, monkeypatch, free, state):
    monkeypatch.setattr(host_checks.shutil, "disk_usage", usage(free))
    found = setup(tmp_path, {"SPARK_LOCAL_DIRS": f"{tmp_path},{tmp_path}/x"}, record_folder=tmp_path / "y")
    lines = DiskSpaceCheck().run(found)
    assert [line.state for line in lines] == [state] * 3
    assert [line.what.partition(":")[0].partition(", for ")[2] for line in lines] == [
        "Spark's temporary files", "Spark's temporary files", "records",
    ]  # fmt: skip


def test_a_disk_without_room_for_files_is_an_error(tmp_path, monkeypatch):
    plain = os.statvfs(tmp_path)
    values = list(plain)
    values[5], values[7] = 1000, 0  # files, and free for this user
    monkeypatch.setattr(host_checks.os, "statvfs", lambda _: os.statvfs_result((*values[:10], 0)))
    (line,) = DiskSpaceCheck().run(setup(tmp_path, {"TMPDIR": str(tmp_path)}))
    assert (line.state, line.fix) == ("error", "Remove files there.")


def test_few_open_files_are_a_warning(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    try:
        lines = LimitsCheck().run(setup(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert lines[0].state == "warning"
    assert lines[0].what.startswith("This user may have 1024 open files (better 4096)")
    assert lines[0].fix.endswith("ulimit -n 4096")


def test_restrictions_of_a_sandbox_are_warnings(tmp_path, monkeypatch):
    monkeypatch.setattr(host_checks, "limits_here", lambda: ["This system refuses pidfd."])
    assert ("warning", "This system refuses pidfd.") in [
        (line.state, line.what) for line in LimitsCheck().run(setup(tmp_path))
    ]
