"""Give every parser of outside input what it may get, for so many seconds of CPU each -> build/fuzz.json.

``make fuzz`` or ``python -m tools.fuzz --seconds 600 [--only NAME ...] [--seed N]``. The inputs are those of
``tools/fuzz/parsers.py``: a seed makes the same input again. Exit code 1 where a parser raised what it does
not name.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from typing import Any

from tools import BUILD
from tools.fuzz.parsers import PARSERS, Parser

_MOST_FAILURES = 20
_SLOW = 5.0  # seconds; an input that takes so long holds somebody up


def main() -> int:
    """Fuzz, say what came of it, and write it down."""
    options = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=30.0, help="of CPU, for each parser")
    options.add_argument("--only", nargs="*", default=[], help="parsers whose name holds one of these words")
    options.add_argument(
        "--seed", type=int, default=None, help="of the first input; else another at each run"
    )
    given = options.parse_args()
    begin = random.SystemRandom().randrange(1 << 40) if given.seed is None else given.seed
    found = []
    for parser in PARSERS:
        if given.only and not any(word in parser.name for word in given.only):
            continue
        found.append(row := _fuzz(parser, begin, given.seconds))
        print(
            f"{row['parser']}: {row['inputs']} inputs, {row['taken']} taken, slowest {row['slowest_s']} s, "
            f"{len(row['failures'])} failures",
            flush=True,
        )
    place = BUILD / "fuzz.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps({"seconds_each": given.seconds, "parsers": found}, indent=1) + "\n")
    failures = [failure for row in found for failure in row["failures"]]
    for failure in failures:
        print(f"\n{failure['parser']}, seed {failure['seed']}: {failure['error']}\n{failure['traceback']}")
    return 1 if failures else 0


def _fuzz(parser: Parser, begin: int, seconds: float) -> dict[str, Any]:
    end, seed, taken, slowest = time.process_time() + seconds, begin, 0, (0.0, begin)
    failures: dict[str, dict[str, Any]] = {}
    while time.process_time() < end and len(failures) < _MOST_FAILURES:
        value = parser.make(random.Random(seed))  # noqa: S311 - an input, no secret
        started = time.process_time()
        try:
            parser.run(value)
            taken += 1
        except parser.allowed:
            pass
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            _note(failures, parser, seed, error)
        passed = time.process_time() - started
        slowest = max(slowest, (passed, seed))
        if passed > _SLOW:
            _note(failures, parser, seed, TimeoutError(f"{passed:.1f} s of CPU"))
        seed += 1
    return {
        "parser": parser.name,
        "inputs": seed - begin,
        "taken": taken,
        "slowest_s": round(slowest[0], 3),
        "slowest_seed": slowest[1],
        "failures": list(failures.values()),
    }


def _note(failures: dict[str, dict[str, Any]], parser: Parser, seed: int, error: Exception) -> None:
    """Each place that raises once, with the first seed that reached it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    failures.setdefault(
        f"{type(error).__name__} {place}",
        {
            "parser": parser.name,
            "seed": seed,
            "error": f"{type(error).__name__}: {error}"[:300],
            "traceback": "".join(traceback.format_list(frames[-6:])),
        },
    )


if __name__ == "__main__":
    sys.exit(main())
