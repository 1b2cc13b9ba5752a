"""What Linux takes as one word of a command line, or as one variable of an environment."""

from __future__ import annotations

import os
from typing import Final

# In bytes, with the NUL behind it (MAX_ARG_STRLEN).
LONGEST_WORD: Final = 128 * 1024


def is_word(text: str) -> bool:
    """Whether a process can be given the text: short enough, without a NUL, and encodable."""
    try:
        return "\0" not in text and len(os.fsencode(text)) < LONGEST_WORD
    except UnicodeEncodeError:
        return False
