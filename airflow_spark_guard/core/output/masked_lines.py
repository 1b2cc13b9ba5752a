"""Masks secrets in a job's raw output, fast enough for a flood of lines.

Masking a line takes tens of microseconds. A search for words without which there is nothing to mask takes a
thousandth of that, so only lines with such a word are masked.
"""

from __future__ import annotations

import re

from airflow_spark_guard.core.text.known_secrets import KNOWN, MASK
from airflow_spark_guard.core.text.masking import mask_text
from airflow_spark_guard.core.text.secret_patterns import begins_a_key, ends_a_key

# Every text that mask_text() changes contains one of these, or a URL with an @; a test checks this.
_WORDS = (
    *(b"secret", b"pass", b"token", b"key", b"credential", b"authorization", b"bearer", b"cookie"),
    *(b"sas", b"pw", b"jwt", b"psk", b"sig=", b"signature", b"eyj", b"ghp_", b"gho_", b"ghu_", b"ghs_"),
    *(b"ghr_", b"github_pat_", b"glpat-", b"xox", b"sk-", b"hf_", b"dapi", b"hvs.", b"ya29."),
)
_ADDRESSES, _AT = (b"://", b"jdbc:oracle:", b"@//"), b"@"
# An address that was cut off within its password.
_CUT_ADDRESS = re.compile(rb"(://[^\s/:@]{0,256}:)(?!\d{1,5}\Z)[^\s/@]{1,256}\Z")
_LONGEST_ADDRESS = 600
# Lines of a private key, which are between two marks; and how many there can be.
_KEY_LINE = re.compile(rb"(?:.*\s)?[A-Za-z0-9+/=]{16,}\s*|[\s>|]*[A-Za-z0-9+/=]+\s*")
# The last one is short, and may follow the head of a log line.
_LAST_KEY_LINE = re.compile(rb".*\s(?:[A-Za-z0-9+/=]{4}){1,4}\s*")
_MOST_KEY_LINES = 200
_KEY_ENDS = b"-----END"
_LONGEST_LINE = 1 << 16
# Words that are kept together when an endless line is cut (``--password abc``), and how many words back a
# position for the cut is searched.
_TOGETHER = 2
_FARTHEST = 100
# A flood of such lines must not slow the job down for long.
_MOST_MASKED = 100_000
_LEFT_OUT = b"... (a line that names a secret; left out after 100000 of them)"


class MaskedLines:
    """Takes chunks as they come, and returns them masked, up to the last end of a line."""

    def __init__(self) -> None:
        self._rest = b""
        self._masked = 0
        self._key_lines = 0
        self._in_key = False

    def take(self, chunk: bytes) -> bytes:
        """Everything up to the last newline or carriage return, masked."""
        data = self._rest + chunk
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if len(data) - end > _LONGEST_LINE:
            # Known values first, so that the cut does not split one.
            data = KNOWN.mask_raw(data)
            end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
            end = max(end, min(_cut(data, end), len(data) - KNOWN.longest))
        self._rest = data[end:]
        return self.whole(data[:end])

    def rest(self) -> bytes:
        """The last line, if it has no newline."""
        data, self._rest = self._rest, b""
        return self.whole(data)

    def begun(self, line: bytes) -> bytes:
        """Mask a line whose end is missing or will not be shown."""
        line = KNOWN.mask_end(self.whole(line))
        end = line[-_LONGEST_ADDRESS:]
        return line[: -len(end)] + _CUT_ADDRESS.sub(rb"\1" + MASK.encode(), end) if b"://" in end else line

    def whole(self, data: bytes) -> bytes:
        """Mask whole lines, joined by newlines."""
        data = KNOWN.mask_raw(data)
        lowered = data.lower()
        words = [word for word in _WORDS if word in lowered]
        urls = _AT in lowered and any(map(lowered.__contains__, _ADDRESSES))
        if not (words or urls or self._key_lines):
            return data
        lines = data.split(b"\n")
        for number, line in enumerate(lowered.split(b"\n")):
            if self._key_lines:
                lines[number] = self._key_line(lines[number])
            elif (urls and _AT in line) or any(map(line.__contains__, words)):
                lines[number] = self._mask_line(lines[number])
        return b"\n".join(lines)

    def _mask_line(self, line: bytes) -> bytes:
        self._masked += 1
        if self._masked > _MOST_MASKED:
            return _LEFT_OUT
        text = line.decode(errors="surrogateescape")
        if begins_a_key(text):
            self._key_lines = _MOST_KEY_LINES
        masked = mask_text(text)
        return line if masked == text else masked.encode(errors="surrogateescape")

    def _key_line(self, line: bytes) -> bytes:
        """Mask a line after the beginning of a private key; other lines may come between those of the key."""
        if ends_a_key(line.decode(errors="surrogateescape")):
            self._key_lines = 0
            before, mark, after = line.partition(_KEY_ENDS)
            return (MASK.encode() if before.strip() else before) + mark + self._mask_line(after)
        self._key_lines -= 1
        is_last = self._in_key and _LAST_KEY_LINE.fullmatch(line) is not None
        self._in_key = _KEY_LINE.fullmatch(line) is not None
        return MASK.encode() if self._in_key or is_last else self._mask_line(line)


def _cut(data: bytes, start: int) -> int:
    """The position at which to cut an endless line: near its end, and not between a name and its value."""
    spaces = [len(data)]
    while len(spaces) < _FARTHEST and (space := data.rfind(b" ", start, spaces[-1])) >= 0:
        spaces.append(space)
    for end, begin in zip(spaces[1:], spaces[1 + _TOGETHER :], strict=False):
        words = data[begin:end].lower()
        if not any(map(words.__contains__, _WORDS)):
            return end
    return spaces[-1]
