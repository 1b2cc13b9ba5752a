"""The limits of Linux for one word of a command line, or one environment variable."""

from __future__ import annotations

import os
from typing import Final

# In bytes, with the terminating NUL (MAX_ARG_STRLEN).
LONGEST_WORD: Final = 128 * 1024


def is_word(text: str) -> bool:
    """Whether the text can be passed to a process: short enough, without a NUL, and encodable."""
    try:
        return "\0" not in text and len(os.fsencode(text)) < LONGEST_WORD
    except UnicodeEncodeError:
        return False
