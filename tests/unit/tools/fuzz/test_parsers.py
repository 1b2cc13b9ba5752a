"""Input that is nearly right: every parser of outside input takes it, or raises what it says."""

from __future__ import annotations

import random
import time

import pytest

from tools.fuzz.parsers import PARSERS

_INPUTS = 120


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_no_input_is_another_exception(parser):
    """The number of the input, in the traceback, is the seed that makes it again."""
    for seed in range(_INPUTS):
        value = parser.make(random.Random(seed))  # noqa: S311 - an input, no secret
        begin = time.process_time()
        try:
            parser.run(value)
        except parser.allowed:
            pass
        except Exception as error:
            error.add_note(f"{parser.name}, seed {seed}: {value!r:.2000}")
            raise
        assert time.process_time() - begin < 60, f"{parser.name}, seed {seed}: only a hang can miss that"
