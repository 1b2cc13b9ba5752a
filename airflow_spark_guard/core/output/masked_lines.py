"""A job's raw output without its secrets, at the speed of a flood.

Masking a line takes tens of microseconds. A look for the words without which there is nothing to mask takes
a thousandth of that, so only the lines that hold one are masked.
"""

from __future__ import annotations

import re

from airflow_spark_guard.core.text.known_secrets import KNOWN, MASK
from airflow_spark_guard.core.text.masking import mask_text
from airflow_spark_guard.core.text.secret_patterns import begins_a_key, ends_a_key

# In every text that mask_text() changes stands one of these, or a URL with an @; a test holds this true.
_WORDS = (
    *(b"secret", b"pass", b"token", b"key", b"credential", b"authorization", b"bearer", b"cookie"),
    *(b"sas", b"pw", b"jwt", b"psk", b"sig=", b"signature", b"eyj", b"ghp_", b"gho_", b"ghu_", b"ghs_"),
    *(b"ghr_", b"github_pat_", b"glpat-", b"xox", b"sk-", b"hf_", b"dapi", b"hvs.", b"ya29."),
)
_ADDRESSES, _AT = (b"://", b"jdbc:oracle:", b"@//"), b"@"
# An address that was cut off in its password.
_CUT_ADDRESS = re.compile(rb"(://[^\s/:@]{0,256}:)(?!\d{1,5}\Z)[^\s/@]{1,256}\Z")
_LONGEST_ADDRESS = 600
# Lines of a private key, which stand between two marks; and how many there can be.
_KEY_LINE = re.compile(rb"(?:.*\s)?[A-Za-z0-9+/=]{16,}\s*|[\s>|]*[A-Za-z0-9+/=]+\s*")
# The last one is short, and may follow the head of a log line.
_LAST_KEY_LINE = re.compile(rb".*\s(?:[A-Za-z0-9+/=]{4}){1,4}\s*")
_MOST_KEY_LINES = 200
_KEY_ENDS = b"-----END"
_LONGEST_LINE = 1 << 16
# What belongs together where an endless line is cut, in words (``--password abc``), and how many
# words back a place to cut is looked for.
_TOGETHER = 2
_FARTHEST = 100
# A flood of such lines must not slow the job down for long.
_MOST_MASKED = 100_000
_LEFT_OUT = b"... (a line that names a secret; left out after 100000 of them)"


class MaskedLines:
    """Takes chunks as they come, gives them back masked, up to the last end of a line."""

    def __init__(self) -> None:
        self._rest = b""
        self._masked = 0
        self._key_lines = 0
        self._in_key = False

    def take(self, chunk: bytes) -> bytes:
        """What can be shown now: everything up to the last newline or carriage return."""
        data = self._rest + chunk
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if len(data) - end > _LONGEST_LINE:
            # Known values go first, so that the cut parts none of them.
            data = KNOWN.mask_raw(data)
            end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
            end = max(end, min(_cut(data, end), len(data) - KNOWN.longest))
        self._rest = data[end:]
        return self.whole(data[:end])

    def rest(self) -> bytes:
        """The last line, if it has no end."""
        data, self._rest = self._rest, b""
        return self.whole(data)

    def begun(self, line: bytes) -> bytes:
        """A line whose end is not there, or will not be shown."""
        line = KNOWN.mask_end(self.whole(line))
        end = line[-_LONGEST_ADDRESS:]
        return line[: -len(end)] + _CUT_ADDRESS.sub(rb"\1" + MASK.encode(), end) if b"://" in end else line

    def whole(self, data: bytes) -> bytes:
        """Whole lines, joined by newlines."""
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
        """A line after one in which a private key begins; lines of others may stand between the key's."""
        if ends_a_key(line.decode(errors="surrogateescape")):
            self._key_lines = 0
            before, mark, after = line.partition(_KEY_ENDS)
            return (MASK.encode() if before.strip() else before) + mark + self._mask_line(after)
        self._key_lines -= 1
        is_last = self._in_key and _LAST_KEY_LINE.fullmatch(line) is not None
        self._in_key = _KEY_LINE.fullmatch(line) is not None
        return MASK.encode() if self._in_key or is_last else self._mask_line(line)


def _cut(data: bytes, start: int) -> int:
    """Where an endless line is cut: near its end, and behind no name that its value may still follow."""
    spaces = [len(data)]
    while len(spaces) < _FARTHEST and (space := data.rfind(b" ", start, spaces[-1])) >= 0:
        spaces.append(space)
    for end, begin in zip(spaces[1:], spaces[1 + _TOGETHER :], strict=False):
        words = data[begin:end].lower()
        if not any(map(words.__contains__, _WORDS)):
            return end
    return spaces[-1]
