"""Records are read as they are: while the job runs, afterwards, damaged, and on any store."""

from __future__ import annotations

import io
import json
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.attempt import summary as summary_module
from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.process import record_reader
from airflow_spark_guard.process.record import Record
from airflow_spark_guard.process.record_folder import leave
from airflow_spark_guard.process.record_reader import AttemptRecord, read_record
from airflow_spark_guard.task import seam

MIB = 1 << 20


@pytest.fixture
def folder(tmp_path):
    """A record as an attempt leaves it."""
    folder = tmp_path / "dag" / "run" / "task" / "try-1"
    with Record(folder, MIB) as record:
        record.summary({"v": 1, "state": "failed", "verdict": "STALLED", "started_at": 1.7e9, "limit_s": 600})
        record.observation({"at": 1.5})
        record.observation({"at": 2.5, "wall": 1.7e9})
        record.output(b"one\ntwo\n")
        record.autopsy("Thread 1")
    leave(folder, "traceback.txt", "Traceback\nValueError: x")
    return folder


def damage(folder, name, data):
    """Replace a file of the record."""
    (folder / name).write_bytes(data)
    return read_record(folder)


def test_a_record_is_read_as_it_was_written(folder):
    """Each of its files."""
    record = read_record(folder)
    assert (record.state, record.is_over, record.text("verdict")) == ("failed", True, "STALLED")
    assert (record.number("limit_s"), record.number("state"), record.text("limit_s")) == (600, None, "")
    assert [row["at"] for row in record.observations()] == [1.5, 2.5]
    assert (record.output_tail(), record.autopsy()) == ("one\ntwo\n", "Thread 1")
    assert record.traceback() == "Traceback\nValueError: x"
    assert record.trouble == ()


def test_format_and_file_names_are_those_of_the_writers():
    """Which stand above this module."""
    assert (record_reader.VERSION, record_reader.TRACEBACK) == (summary_module.VERSION, seam.TRACEBACK)


def test_files_that_an_attempt_does_not_have_are_empty(tmp_path):
    """And no trouble."""
    (tmp_path / "summary.json").write_text('{"v": 1, "state": "running"}')
    record = read_record(tmp_path)
    assert not record.is_over
    assert list(record.observations()) == []
    assert (record.output_tail(), record.autopsy(), record.traceback(), record.trouble) == ("", "", "", ())


def test_while_the_job_runs_the_end_of_the_output_is_in_two_parts(tmp_path):
    """The parts before them are removed, which is shown; once joined, the writer's own line shows it."""
    with Record(tmp_path / "r", MIB // 4) as record:
        record.summary({"v": 1})
        for n in range(400):
            record.output(b"%05d " % n + b"x" * 993 + b"\n")
        record.summary({"v": 1, "state": "running"})
        while not (
            read_record(tmp_path / "r").state == "running" and list((tmp_path / "r").glob("output.tail.*"))
        ):
            pass
        whole = read_record(tmp_path / "r").output_tail(MIB)
        assert whole.startswith("00000 ")
        assert "\n... output is left out here ...\n" in whole
        assert whole.splitlines()[-1].startswith("00399 ")
        assert [line[:5] for line in read_record(tmp_path / "r").output_tail(2100).splitlines()] == [
            "00398",
            "00399",
        ]
        assert len(read_record(tmp_path / "r").output_tail(45_000).splitlines()) == 45
    assert re.search(
        r"\n\.\.\. \d+ bytes of output are left out here", read_record(tmp_path / "r").output_tail(MIB)
    )


@pytest.mark.parametrize(
    ("size", "tail"), [(3, "two"), (4, "two"), (5, "two"), (7, "one\ntwo"), (2, "wo"), (1, "o")]
)
def test_a_tail_has_whole_lines_unless_one_line_is_longer(folder, size, tail):
    """Never more than asked for."""
    assert damage(folder, "output.log", b"one\ntwo").output_tail(size) == tail


@pytest.mark.parametrize(
    ("data", "trouble"),
    [
        (b"{", "summary.json is damaged: Expecting property name"),
        (b"[]", "summary.json is damaged: it is not a JSON object."),
        (b"\xff", "summary.json is damaged: 'utf-8' codec can't decode"),
        (b"", "summary.json is damaged: Expecting value"),
        (b'{"a": NaN}', "summary.json is damaged: NaN is not a number in JSON."),
        (b"[" * 100_000, "summary.json is damaged: nested more than 200 levels deep."),
        (b'{"state": "failed"}', "summary.json has only a part of its fields: the disk was full"),
    ],
)
def test_a_damaged_summary_is_no_error_but_trouble(folder, data, trouble):
    """The rest of the record can be read."""
    record = damage(folder, "summary.json", data)
    assert record.trouble[0].startswith(trouble)
    assert record.output_tail() == "one\ntwo\n"


def test_a_summary_that_is_too_large_is_not_kept_in_memory(folder, monkeypatch):
    """Its share of a record cannot be that large."""
    monkeypatch.setattr(record_reader, "_LONGEST_SUMMARY", 10)
    assert read_record(folder).trouble == ("summary.json is damaged: it has more than 0 MiB.",)


def test_a_record_without_its_summary_is_read_as_well(folder):
    """A full disk removes it."""
    (folder / "summary.json").unlink()
    record = read_record(folder)
    assert record.trouble == (
        "summary.json is missing: it was never written, or it was removed because the disk was full.",
    )
    assert (dict(record.summary), record.state, record.output_tail()) == ({}, "", "one\ntwo\n")


def test_damaged_observations_are_left_out_and_counted(folder):
    """The last line may be being written."""
    record = damage(folder, "observations.jsonl", b'{"at": 1}\n{"at"\n7\n\xff\n{"at": 2}\n{"at": 3')
    assert [row["at"] for row in record.observations()] == [1, 2]
    assert record.trouble == ("observations.jsonl has 3 damaged lines, which are left out.",)


def test_a_line_without_end_is_not_kept_in_memory(folder, monkeypatch):
    """Nor is a long text."""
    monkeypatch.setattr(record_reader, "_LONGEST_LINE", 100)
    monkeypatch.setattr(record_reader, "_LONGEST_TEXT", MIB)
    (folder / "autopsy.txt").write_bytes(b"a" * (MIB + 1))
    record = damage(folder, "observations.jsonl", b"x" * 250 + b'\n{"at": 2}\n')
    assert [row["at"] for row in record.observations()] == [2]
    assert len(record.autopsy()) == MIB
    assert record.trouble == (
        "observations.jsonl has 3 damaged lines, which are left out.",
        "autopsy.txt has more than 1 MiB; the rest is left out.",
    )


def test_texts_are_safe_to_print(folder):
    """Whoever has written them."""
    bad = b"\x1b[31mred\x1b[0m password=hunter2\r\n"
    for name in ("output.log", "autopsy.txt", "traceback.txt"):
        (folder / name).write_bytes(bad)
    record = damage(folder, "summary.json", json.dumps({"v": 1, "what": bad.decode()}).encode())
    for text in (record.output_tail(), record.autopsy(), record.traceback(), record.text("what")):
        assert text == "[31mred[0m password=******\n"


@pytest.mark.parametrize(
    "name", ["output.log", "autopsy.txt", "traceback.txt", "observations.jsonl", "summary.json"]
)
def test_neither_links_nor_pipes_are_read(folder, tmp_path, name):
    """A job may have put them there."""
    (tmp_path / "secret").write_text("hunter2")
    (folder / name).unlink()
    (folder / name).symlink_to(tmp_path / "secret")
    record = read_record(folder)
    everything = [record.output_tail(), record.autopsy(), record.traceback(), *record.observations()]
    assert "hunter2" not in str(everything)
    assert any("it is a link" in one for one in record.trouble)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    record = read_record(folder)
    everything = [record.output_tail(), record.autopsy(), record.traceback(), *record.observations()]
    assert any("it is not a regular file" in one for one in record.trouble)


@pytest.mark.parametrize(
    ("version", "shown"), [(2, "2"), (0, "0"), (None, "None"), ("x\x1b", "x"), ([1], "[1]"), (-1, "-1")]
)
def test_a_format_that_is_not_known_is_an_error(folder, version, shown):
    """It may mean something else by the same names."""
    with pytest.raises(RecordError) as caught:
        damage(folder, "summary.json", json.dumps({"v": version}).encode())
    assert str(caught.value).startswith("The record has a format that this version cannot read.\n  got: ")
    assert caught.value.got == f"{folder}: format {shown}"
    assert caught.value.expected == "format 1"


def test_what_is_not_a_record_is_an_error(tmp_path):
    """Missing, empty, something else, or a file."""
    (tmp_path / "other" / "x").mkdir(parents=True)
    (tmp_path / "file").touch()
    for name, what, got in (
        ("none", "The record does not exist.", "No such file or directory"),
        ("other/x", "The folder is not a record of an attempt.", "an empty folder"),
        ("other", "The folder is not a record of an attempt.", "other: x"),
        ("file", "The record cannot be read.", "Not a directory"),
    ):
        with pytest.raises(RecordError) as caught:
            read_record(tmp_path / name)
        assert caught.value.what == what
        assert caught.value.got.endswith(got)


def test_a_folder_that_is_a_link_is_refused(folder, tmp_path):
    """As everything below the folder of the task."""
    (folder.parent / "try-2").symlink_to(folder)
    with pytest.raises(RecordError, match="The record cannot be read"):
        read_record(folder.parent / "try-2")


class Store:
    """A store of objects that fails as they do: with an exception of its own."""

    def __init__(self, files, broken=()):
        self.files, self.broken, self.name = files, broken, ""

    def __truediv__(self, name):
        one = Store(self.files, self.broken)
        one.name = name
        return one

    def iterdir(self):
        if "list" in self.broken:
            raise RuntimeError
        return iter([self / name for name in self.files])

    def open(self, _):
        if self.name in self.broken:
            msg = "403 Forbidden"
            raise RuntimeError(msg)
        if self.name not in self.files:
            raise FileNotFoundError(self.name)
        return io.BytesIO(self.files[self.name])


def test_any_store_will_do():
    """Its errors are trouble."""
    files = {"summary.json": b'{"v": 1, "state": "success"}', "output.log": b"a\n", "output.tail.1": b"b\n"}
    record = read_record(Store(files))
    assert (record.state, record.output_tail(), record.trouble) == ("success", "a\nb\n", ())
    record = read_record(Store(files, {"summary.json", "output.log", "autopsy.txt"}))
    assert (record.output_tail(), record.autopsy()) == ("b\n", "")
    assert record.trouble == (
        "summary.json is damaged: 403 Forbidden.",
        "output.log cannot be read: 403 Forbidden.",
        "autopsy.txt cannot be read: 403 Forbidden.",
    )
    with pytest.raises(RecordError, match="The record cannot be read"):
        read_record(Store(files, {"summary.json", "list"}))
    record = AttemptRecord(Store(files, {"list"}), {})
    assert (record.output_tail(), record.trouble) == ("a\n", ("output.log cannot be read: RuntimeError.",))


def test_a_read_that_fails_in_the_middle_is_trouble_as_well():
    """What was read before counts."""

    class Broken(io.BytesIO):
        def readline(self, *_):
            raise OSError(5, "Input/output error")

    class Disk(Store):
        def __truediv__(self, name):
            return Disk(self.files)

        def open(self, _):
            return Broken()

    record = AttemptRecord(Disk({}), {})
    assert list(record.observations()) == []
    assert record.trouble == ("observations.jsonl cannot be read: Input/output error.",)


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(1, 300))
def test_no_bytes_raise(summary, other, size):
    """But for a format that is not known."""
    names = ("observations.jsonl", "output.log", "output.tail.3", "autopsy.txt", "traceback.txt")
    try:
        record = read_record(Store({"summary.json": summary, **dict.fromkeys(names, other)}))
    except RecordError as error:
        assert "format" in error.what  # noqa: PT017
        return
    texts = (record.output_tail(size), record.autopsy(), record.traceback(), record.state)
    list(record.observations())
    assert all(text.isprintable() or "\n" in text or "\t" in text or not text.isascii() for text in texts)
