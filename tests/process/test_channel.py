"""The channel's reading end."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.errors import ProtocolError
from airflow_spark_guard.core.protocol import MAX_LINE
from airflow_spark_guard.process.channel import ChannelReader


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
    with pytest.raises(ProtocolError, match="got: b'hello'"):
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
