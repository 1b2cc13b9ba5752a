"""The bytes of an event log as Spark compresses it: which codec it is shows in its first bytes.

What was written is given even if the rest is cut or damaged, as it is while the application runs. A stream
returns what is wrong with it, in one sentence; empty if nothing is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator
from typing import IO, TYPE_CHECKING, Final, TypeAlias

from airflow_spark_guard.core.errors import BadInputError

if TYPE_CHECKING:
    from typing import NoReturn

Stream: TypeAlias = Generator[bytes, None, str]

_CHUNK = 1 << 20
_PIECE = 4096
"""Compressed bytes that are decompressed at once: at worst they expand to some hundred megabytes."""
_LARGEST_BLOCK = 64 << 20
_CUT = "The compressed data ends in the middle."
_DAMAGED = "The compressed data is damaged."
_GZIP_MEMBER = 31  # zlib's window bits for a gzip header
_LZ4_HEADER, _LZ4_STORED = 21, 0x10
_SNAPPY_HEADER, _SNAPPY_LENGTH = 16, 4
_MAGIC_SNAPPY = b"\x82SNAPPY\x00"
_MAGIC_LZ4 = b"LZ4Block"


class Source:
    """A file whose first bytes can be seen before it is read.

    Args:
        file: open for reading bytes; it need not know how to seek.

    Attributes:
        head: its first bytes.
        error: why it could not be read any further; None if it could.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: Exception | None = None
        self._held = b""
        self.head = self._held = self.exactly(_SNAPPY_HEADER)

    def read(self, size: int) -> bytes:
        """At most so many bytes; empty at the end."""
        if self._held:
            found, self._held = self._held[:size], self._held[size:]
            return found
        try:
            return self._file.read(size)
        except Exception as error:  # noqa: BLE001 - each store raises its own errors
            self.error = error
            return b""

    def give_back(self, rest: bytes) -> None:
        """Have these bytes, which were read last, read again."""
        self._held = rest + self._held

    def exactly(self, size: int) -> bytes:
        """So many bytes, or those that are left."""
        found = self.read(size)
        while len(found) < size and (more := self.read(size - len(found))):
            found += more
        return found


def stream_of(source: Source, name: str) -> Stream:
    """The bytes of a log, decompressed.

    Args:
        source: the file.
        name: its name, for messages.

    Raises:
        BadInputError: its codec cannot be read, or needs a package that is not installed.
    """
    for magic, codec in _CODECS:
        if source.head.startswith(magic):
            return codec(source, name)
    return _plain(source)


def _plain(source: Source) -> Stream:
    while chunk := source.read(_CHUNK):
        yield chunk
    return ""


def _gzip(source: Source, _: str) -> Stream:
    while piece := source.read(_PIECE):
        member = zlib.decompressobj(_GZIP_MEMBER)
        while not member.eof:
            try:
                yield member.decompress(piece)
            except zlib.error:
                return _DAMAGED
            if not member.eof and not (piece := source.read(_PIECE)):
                return _CUT
        rest = member.unused_data.lstrip(b"\0")
        source.give_back(rest)
    return ""


def _zstd(source: Source, name: str) -> Stream:
    try:
        import zstandard  # noqa: PLC0415 - few logs need it
    except ImportError:
        _missing("zstandard", "zstd", name)
    # Spark begins a frame whenever it flushes.
    factory = zstandard.ZstdDecompressor()
    while piece := source.read(_PIECE):
        frame = factory.decompressobj()
        while not frame.eof:
            try:
                yield frame.decompress(piece)
            except zstandard.ZstdError:
                return _DAMAGED
            if not frame.eof and not (piece := source.read(_PIECE)):
                return _CUT
        source.give_back(frame.unused_data)
    return ""


def _lz4(source: Source, name: str) -> Stream:
    """Blocks of ``net.jpountz.lz4.LZ4BlockOutputStream``, which are not the frames of the lz4 program."""
    try:
        from cramjam import DecompressionError, lz4  # noqa: PLC0415 - few logs need it
    except ImportError:
        _missing("cramjam", "lz4", name)
    while header := source.exactly(_LZ4_HEADER):
        if len(header) < _LZ4_HEADER:
            return _CUT
        size = int.from_bytes(header[9:13], "little")
        whole = int.from_bytes(header[13:17], "little")
        if not header.startswith(_MAGIC_LZ4) or max(size, whole) > _LARGEST_BLOCK:
            return _DAMAGED
        block = source.exactly(size)
        if len(block) < size:
            return _CUT
        if header[8] & 0xF0 == _LZ4_STORED or not whole:
            yield block
            continue
        try:
            yield bytes(lz4.decompress_block(block, output_len=whole))
        except DecompressionError:
            return _DAMAGED
    return ""


def _snappy(source: Source, name: str) -> Stream:
    """Blocks of ``org.xerial.snappy.SnappyOutputStream``, which are not the frames of Snappy itself."""
    try:
        from cramjam import DecompressionError, snappy  # noqa: PLC0415 - few logs need it
    except ImportError:
        _missing("cramjam", "snappy", name)
    while head := source.exactly(_SNAPPY_LENGTH):
        if head == _MAGIC_SNAPPY[:_SNAPPY_LENGTH]:
            source.exactly(_SNAPPY_HEADER - _SNAPPY_LENGTH)
            continue
        size = int.from_bytes(head, "big")
        if size > _LARGEST_BLOCK:
            return _DAMAGED
        block = source.exactly(size)
        if len(head) < _SNAPPY_LENGTH or len(block) < size:
            return _CUT
        try:
            if snappy.decompress_raw_len(block) > _LARGEST_BLOCK:
                return _DAMAGED
            yield bytes(snappy.decompress_raw(block))
        except DecompressionError:
            return _DAMAGED
    return ""


def _lzf(_: Source, name: str) -> Stream:
    raise BadInputError(
        f"The event log {name} is compressed with lzf, which cannot be read.",
        got="a file that begins with ZV",
        expected="zstd, lz4, snappy, gzip or no compression",
        advice="Unpack it first, or set spark.eventLog.compression.codec=zstd, Spark's default.",
    )


def _missing(package: str, codec: str, name: str) -> NoReturn:
    raise BadInputError(
        f"The event log {name} is compressed with {codec}; the Python package {package} is not installed.",
        got=f"no module {package}",
        expected=f"the package {package}, which decompresses {codec}",
        advice=f"pip install {package}",
    )


_CODECS: Final[tuple[tuple[bytes, Callable[[Source, str], Stream]], ...]] = (
    (b"\x28\xb5\x2f\xfd", _zstd),
    (_MAGIC_LZ4, _lz4),
    (_MAGIC_SNAPPY, _snappy),
    (b"\x1f\x8b", _gzip),
    (b"ZV", _lzf),
)
