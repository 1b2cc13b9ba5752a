"""What the watchdog saw of a case, kept for the replay tests."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

from tools import ROOT
from tools.faults.case import LIMITS
from tools.faults.harness import slug

if TYPE_CHECKING:
    from pathlib import Path

    from tools.faults.case import Case
    from tools.faults.harness import Running

TRACES = ROOT / "tests" / "data" / "traces"
SIZE = 100_000
ENDING = ("cause", "exit_status", "hello", "bye", "error", "verdict")


def trace(case: Case) -> Path:
    """The file of a case's trace."""
    return TRACES / f"{slug(case.name)}.jsonl"


def record(done: Running) -> None:
    """Keep a case that has just been run."""
    found = done.record()
    if found is not None:
        keep(done.case, found)


def keep(case: Case, found: Path, root: Path = ROOT) -> None:
    """``tests/data/traces/CASE.jsonl``: a line about the case, its observations, and how it ended.

    Args:
        case: what was run.
        found: the record of the run.
        root: of the checkout that ran it.
    """
    head = {"case": case.name, "expected": list(case.expectations), "limits": {**LIMITS, **case.limits}}
    head["local"] = case.where.startswith("local[")
    summary = json.loads((found / "summary.json").read_text())
    ending = {name: summary.get(name) for name in ENDING}
    observations = found / "observations.jsonl"
    text = observations.read_text() if observations.exists() else ""
    lines = [scrubbed(line, root) for line in text.splitlines() if line.strip()]
    last = scrubbed(json.dumps({"ending": ending}), root)
    TRACES.mkdir(exist_ok=True)
    text = "\n".join([json.dumps(head), *thinned(lines, SIZE - 1000 - len(last)), last])
    trace(case).write_text(text + "\n")


def scrubbed(line: str, root: Path) -> str:
    """Without this machine's folders, and without the addresses of log pages."""
    line = line.replace(str(root / "tools" / "faults"), "").replace(str(root), "/project")
    line = line.replace(sys.base_prefix, "/python")
    return re.sub(r'("stderr_url": )"[^"]*"', r'\1""', line)


def thinned(lines: list[str], size: int) -> list[str]:
    """Every second one of the middle is left out until the rest fits; first and last fifth stay."""
    while sum(map(len, lines)) + len(lines) > size:
        fifth = max(len(lines) // 5, 1)
        middle = lines[fifth:-fifth][::2]
        if len(middle) + 2 * fifth >= len(lines):
            break
        lines = [*lines[:fifth], *middle, *lines[-fifth:]]
    return lines
