"""Input that is nearly right: samples cut, spliced, repeated, and filled with what parsers stumble over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    Change = Callable[[Random, bytearray, int, int, Sequence[bytes], Sequence[bytes]], None]

_LONGEST = 60_000
_MOSTLY = 0.8
_NASTY = (
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\r", b"\n", b"\n\n", b"\x1b[31m", b"\xe2\x80\xa8", b"\xe2\x80\xae",
    b"NaN", b"Infinity", b"-1", b"0", b"1e999", b"9" * 25, b"9" * 400, b"9" * 5000, b"true", b"null", b'""',
    b"[]", b"{}", b"[" * 300, b'{"a":' * 300, b'"', b"\\", b"\\u", b"\\ud800", b"::group::", b"[guard] ",
    b"<", b"\t", "\u0663\u0664".encode(), b" " * 2000, b"a" * 5000, b"=" * 500, b"(" * 500,
)  # fmt: skip
_VALUES = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**25, 10**400, 1e308, 0.5, "", "x", "\ud800", "\0", "\u202e",
    "x" * 3000, [], {}, [[]], [None], {"a": 1}, "2026-11-20T17:46:49.066GMT", "running", "KILLED",
)  # fmt: skip


def mutated(random: Random, samples: Sequence[bytes], words: Sequence[bytes] = ()) -> bytes:
    """One of the samples (bytes), changed in one to six places.

    Args:
        random: ``random.Random``: the same seed gives the same input.
        samples: bytes that the parser takes.
        words: bytes that mean something to the parser.
    """
    data = bytearray(random.choice(samples))
    for _ in range(random.randint(1, 6)):
        at = random.randint(0, len(data))
        end = min(len(data), at + random.choice((1, 1, 4, 30, 400)))
        change = random.choice(_CHANGES)
        change(random, data, at, end, samples, words)
        del data[_LONGEST:]
    return bytes(data)


def _cut(
    random: Random, data: bytearray, at: int, end: int, _samples: Sequence[bytes], _words: Sequence[bytes]
) -> None:
    del data[at : end if random.random() < _MOSTLY else len(data)]


def _repeat(
    random: Random, data: bytearray, at: int, end: int, _samples: Sequence[bytes], _words: Sequence[bytes]
) -> None:
    data[at:at] = data[at:end] * random.choice((1, 2, 50))


def _spoil(
    random: Random, data: bytearray, at: int, end: int, _samples: Sequence[bytes], _words: Sequence[bytes]
) -> None:
    data[at:end] = random.choice(_NASTY)


def _say(
    random: Random, data: bytearray, at: int, _end: int, _samples: Sequence[bytes], words: Sequence[bytes]
) -> None:
    data[at:at] = random.choice(words or _NASTY)


def _splice(
    random: Random, data: bytearray, at: int, _end: int, samples: Sequence[bytes], _words: Sequence[bytes]
) -> None:
    other = random.choice(samples)
    data[at:] = other[random.randint(0, len(other)) :]


def _scramble(
    random: Random, data: bytearray, at: int, end: int, _samples: Sequence[bytes], _words: Sequence[bytes]
) -> None:
    data[at:end] = random.randbytes(end - at)


def _flip(
    random: Random, data: bytearray, at: int, _end: int, _samples: Sequence[bytes], _words: Sequence[bytes]
) -> None:
    if at < len(data):
        data[at] ^= 1 << random.randrange(8)


_CHANGES: tuple[Change, ...] = (_cut, _repeat, _spoil, _say, _splice, _scramble, _flip)


def mutated_json(random: Random, samples: Sequence[Any]) -> Any:
    """The JSON of one of the samples (values), with other values in some of its places."""
    return _changed(random, random.choice(samples), random.choice((0.05, 0.2, 0.5)), samples)


def _changed(random: Random, value: Any, share: float, samples: Sequence[Any]) -> Any:
    if random.random() < share:
        return random.choice(_VALUES) if random.random() < _MOSTLY else random.choice(samples)
    if isinstance(value, dict):
        found = {key: _changed(random, item, share, samples) for key, item in value.items()}
        if found and random.random() < share:
            del found[random.choice(list(found))]
        if random.random() < share:
            found[random.choice(("extra", "\ud800", "__type", ""))] = random.choice(_VALUES)
        return found
    if isinstance(value, list | tuple):
        return [_changed(random, item, share, samples) for item in value] * random.choice((1, 1, 1, 2))
    return value


def as_bytes(value: Any) -> bytes:
    """JSON as Python writes it, infinity included."""
    return json.dumps(value).encode()
