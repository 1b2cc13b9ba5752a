"""A job's raw output without its secrets, at the speed of a flood.

Masking a line takes tens of microseconds. A look for the words without which there is nothing to mask takes
a thousandth of that, so only the lines that hold one are masked.
"""

from __future__ import annotations

from airflow_spark_guard.core.output.masking import mask_text

# In every text that mask_text() changes stands one of these, or a URL with an @; a test holds this true.
_WORDS = (
    *(b"secret", b"pass", b"token", b"key", b"credential", b"authorization", b"bearer"),
    *(b"sas", b"pwd"),
)
_URL, _AT = b"://", b"@"
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

    def take(self, chunk: bytes) -> bytes:
        """What can be shown now: everything up to the last newline or carriage return."""
        data = self._rest + chunk
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if len(data) - end > _LONGEST_LINE:
            end = _cut(data, end)
        self._rest = data[end:]
        return self._mask(data[:end])

    def rest(self) -> bytes:
        """The last line, if it has no end."""
        data, self._rest = self._rest, b""
        return self._mask(data)

    def _mask(self, data: bytes) -> bytes:
        lowered = data.lower()
        words = [word for word in _WORDS if word in lowered]
        urls = _AT in lowered and _URL in lowered
        if not (words or urls):
            return data
        lines = data.split(b"\n")
        for number, line in enumerate(lowered.split(b"\n")):
            if (urls and _AT in line and _URL in line) or any(map(line.__contains__, words)):
                lines[number] = self._mask_line(lines[number])
        return b"\n".join(lines)

    def _mask_line(self, line: bytes) -> bytes:
        self._masked += 1
        if self._masked > _MOST_MASKED:
            return _LEFT_OUT
        text = line.decode(errors="surrogateescape")
        masked = mask_text(text)
        return line if masked == text else masked.encode(errors="surrogateescape")


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
