"""The bytes of a log in each of Spark's codecs, whole, cut and damaged."""

import gzip
import io
import sys

import cramjam
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.sources.event_log_streams import Source, stream_of

TEXT = b"".join(b'{"Event":"SparkListenerX","n":%d}\n' % number for number in range(20_000))
BLOCK = 32 << 10


def lz4_blocks(data):
    """As net.jpountz.lz4.LZ4BlockOutputStream writes them: the last block, which is short, is stored."""
    for begin in range(0, len(data), BLOCK):
        plain = data[begin : begin + BLOCK]
        is_stored = len(plain) < BLOCK
        packed = plain if is_stored else bytes(cramjam.lz4.compress_block(plain, store_size=False))
        sizes = len(packed).to_bytes(4, "little") + len(plain).to_bytes(4, "little")
        yield b"LZ4Block" + (b"\x16" if is_stored else b"\x26") + sizes + b"sum!" + packed


def lz4(data):
    return b"".join(lz4_blocks(data)) + b"LZ4Block\x16" + bytes(12)


def snappy(data):
    """As org.xerial.snappy.SnappyOutputStream writes them."""
    blocks = [b"\x82SNAPPY\x00" + bytes([0, 0, 0, 1, 0, 0, 0, 1])]
    for begin in range(0, len(data), BLOCK):
        packed = bytes(cramjam.snappy.compress_raw(data[begin : begin + BLOCK]))
        blocks.append(len(packed).to_bytes(4, "big") + packed)
    return b"".join(blocks)


def zstd(data):
    """A frame for every piece that Spark has flushed."""
    pieces = [data[begin : begin + 100_000] for begin in range(0, len(data), 100_000)]
    return b"".join(zstandard.ZstdCompressor().compress(piece) for piece in pieces)


CODECS = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd, "lz4": lz4, "snappy": snappy}


class Dripping(io.BytesIO):
    """A file of a store that gives fewer bytes than were asked for, and does not seek."""

    def read(self, size=-1):
        return super().read(min(size, 777))

    def seekable(self):
        return False


def read(data, name="log", kind=io.BytesIO):
    """(bytes, damage)."""
    stream, chunks = stream_of(Source(kind(data)), name), []
    while True:
        try:
            chunks.append(next(stream))
        except StopIteration as end:
            return b"".join(chunks), end.value


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("kind", [io.BytesIO, Dripping])
def test_each_codec_is_known_by_its_first_bytes(codec, kind):
    assert read(CODECS[codec](TEXT), kind=kind) == (TEXT, "")


@pytest.mark.parametrize("codec", CODECS)
def test_several_streams_one_after_the_other_are_one(codec):
    """A log that Spark has appended to."""
    assert read(CODECS[codec](TEXT) + CODECS[codec](b"more\n")) == (TEXT + b"more\n", "")


@pytest.mark.parametrize("codec", ["gzip", "zstd", "lz4", "snappy"])
def test_what_was_written_before_the_cut_is_read(codec):
    data = CODECS[codec](TEXT)
    found, damage = read(data[: len(data) // 2])
    assert damage == "The compressed data ends in the middle."
    assert TEXT.startswith(found)
    assert len(found) > len(TEXT) // 10


@pytest.mark.parametrize("codec", ["zstd", "lz4", "snappy"])
def test_what_was_written_before_the_damage_is_read(codec):
    data = bytearray(CODECS[codec](TEXT))
    data[len(data) // 2 :] = b"\xff" * (len(data) // 2)
    found, damage = read(bytes(data))
    assert damage
    assert found[: len(TEXT) // 10] == TEXT[: len(TEXT) // 10]


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 3000), flips=st.lists(st.integers(0, 2999), max_size=3))
def test_no_damage_makes_it_raise(codec, cut, flips):
    data = bytearray(CODECS[codec](TEXT[:60_000])[:cut])
    for at in flips:
        if 20 < at < len(data):
            data[at] ^= 0xFF
    found, damage = read(bytes(data))
    assert isinstance(found, bytes)
    assert isinstance(damage, str)


def test_a_block_of_impossible_size_is_damage():
    """It is not reserved in memory."""
    assert read(b"LZ4Block\x26" + b"\xff" * 12 + b"x") == (b"", "The compressed data is damaged.")
    begin = snappy(b"")
    assert read(begin + b"\x7f\xff\xff\xff") == (b"", "The compressed data is damaged.")
    assert read(begin + b"\x00\x00\x00\x05\xff\xff\xff\xff\x0f") == (b"", "The compressed data is damaged.")
    assert read(begin + b"\x00\x00") == (b"", "The compressed data ends in the middle.")


def test_an_empty_file_has_no_bytes():
    assert read(b"") == (b"", "")


def test_a_store_that_fails_ends_the_stream():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if self.tell() >= 16:
                msg = "the connection is gone"
                raise ConnectionError(msg)
            return super().read(size)

    source = Source(Failing(b"x" * 100))
    assert b"".join(stream_of(source, "log")) == b"x" * 16
    assert str(source.error) == "the connection is gone"


def test_lzf_is_refused():
    with pytest.raises(
        BadInputError, match=r"The event log app\.lzf is compressed with lzf, which cannot be read"
    ):
        read(b"ZV\x01...", "app.lzf")


@pytest.mark.parametrize(
    ("codec", "package"), [("zstd", "zstandard"), ("lz4", "cramjam"), ("snappy", "cramjam")]
)
def test_a_missing_package_is_named_with_the_line_that_installs_it(codec, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BadInputError) as raised:
        read(CODECS[codec](TEXT), "app.log")
    assert raised.value.what == (
        f"The event log app.log is compressed with {codec}; the Python package {package} is not installed."
    )
    assert raised.value.advice == f"pip install {package}"
