"""Text of an untrusted job as it may stand in a log or in an exception."""

from __future__ import annotations

from airflow_spark_guard.core.output.masking import mask_text

LONGEST_LINE = 4096
# Everything that could move the reader's cursor or hide text; the tab stays.
_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if code != ord("\t")}


def safe_text(text: str) -> str:
    """Text of an untrusted job as it may stand in an exception or a log: lines kept, secrets masked."""
    plain = text.encode(errors="replace").decode()
    return mask_text("\n".join(line.translate(_CONTROL) for line in plain.split("\n")))


def shown(line: bytes) -> str:
    """A line of untrusted output as it may stand in a log: valid text, no control characters, bounded."""
    text = line[: LONGEST_LINE + 1].decode(errors="replace").translate(_CONTROL)
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} ... (line cut)"
