"""The channel's reading end."""

from __future__ import annotations

from collections import deque

import pytest

from airflow_spark_guard.core.errors import ProtocolError
from airflow_spark_guard.core.protocol import MAX_LINE
from airflow_spark_guard.process import channel as module
from airflow_spark_guard.process.channel import ChannelReader

AT_ONCE = 1 << 16


@pytest.fixture
def small_reads(monkeypatch):
    """A few hundred kilobytes take several of them."""
    monkeypatch.setattr(module, "_READ_AT_ONCE", AT_ONCE)


@pytest.fixture
def channel(tmp_path):
    path = tmp_path / "channel.jsonl"
    reader = ChannelReader(path)
    yield reader, path
    reader.close()


def test_a_line_in_two_pieces_is_one_message(channel):
    """The writer may be in the middle of one."""
    reader, path = channel
    with path.open("ab", buffering=0) as file:
        file.write(b'{"v":1,"kind":"bye",')
        assert reader.read() == []
        file.write(b'"t":1}\n{"v":1,"kind":"bye","t":2}\n')
        assert [message.sent_at for message in reader.read()] == [1.0, 2.0]


def test_a_foreign_line_fails_loudly(channel):
    """The channel is untrusted."""
    reader, path = channel
    path.write_bytes(b"hello\n")
    with pytest.raises(ProtocolError, match="got: a line of 5 bytes that is not JSON"):
        reader.read()


def test_a_line_without_end_does_not_pile_up(channel):
    """Beyond the bound it is refused before it ends."""
    reader, path = channel
    path.write_bytes(b"x" * (MAX_LINE + 1))
    with pytest.raises(ProtocolError, match=f"got: a line of {MAX_LINE + 1} bytes"):
        reader.read()


def test_the_channel_of_another_attempt_is_not_taken(tmp_path):
    """The reader makes the file; one that is there belongs to somebody else."""
    (tmp_path / "c").touch()
    with pytest.raises(FileExistsError):
        ChannelReader(tmp_path / "c")


@pytest.mark.usefixtures("small_reads")
def test_at_the_end_everything_is_read(channel):
    """However much a job has said: one bounded read is not the whole."""
    reader, path = channel
    flood = b'{"v":1,"kind":"metric","t":1,"values":{"step":1}}\n' * 5_000
    path.write_bytes(flood + b'{"v":1,"kind":"result","t":1,"value":7}\n{"v":1,"kind":"bye","t":2}\n')
    assert "bye" not in {message.kind for message in reader.read()}
    last = deque(reader.remaining(), 2)
    assert [message.kind for message in last] == ["result", "bye"]
    assert list(reader.remaining()) == []


@pytest.mark.usefixtures("small_reads")
def test_a_file_that_somebody_cuts_meanwhile_ends_the_reading(channel):
    """It holds nothing more."""
    reader, path = channel
    path.write_bytes(b'{"v":1,"kind":"bye","t":1}\n' * 7_000)
    remaining = reader.remaining()
    next(remaining)
    path.write_bytes(b"")
    assert sum(1 for _ in remaining) < 7_000


@pytest.mark.usefixtures("small_reads")
def test_what_was_read_takes_no_space_any_more(channel):
    """A job may report for days."""
    reader, path = channel
    path.write_bytes(b'{"v":1,"kind":"bye","t":1}\n' * 30_000)
    before = path.stat().st_blocks
    assert sum(1 for _ in reader.remaining()) == 30_000
    after = path.stat()
    assert (after.st_size, after.st_blocks < before / 4) == (27 * 30_000, True)


@pytest.mark.parametrize("cut", [1, 10, 20, 40])
def test_a_message_that_a_full_disk_has_cut_off_is_a_warning(channel, cut):
    """The next one begins on a line of its own."""
    reader, path = channel
    whole = b'{"v":1,"kind":"metric","t":1,"values":{"loss":0.25}}'
    path.write_bytes(whole[:cut] + b'\n\n{"v":1,"kind":"bye","t":2}\n')
    warning, bye = reader.read()
    assert (warning.kind, bye.kind) == ("warning", "bye")
