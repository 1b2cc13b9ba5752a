"""What the watchdog saw of a case, kept for the replay tests."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.faults.harness import ROOT, slug

if TYPE_CHECKING:
    from tests.faults.harness import Running

TRACES = ROOT / "tests" / "traces"
SIZE = 100_000


def record(done: Running) -> None:
    """``tests/traces/CASE.jsonl``: a line about the case, then its observations, the middle thinned out."""
    found = done.observations()
    if found is None:
        return
    head = {"case": done.case.name, "expected": list(done.case.expectations), "limits": done.limits}
    lines = [scrubbed(line) for line in found.read_text().splitlines() if line.strip()]
    TRACES.mkdir(exist_ok=True)
    summary = json.loads((found.parent / "summary.json").read_text())
    ending = {
        name: summary.get(name) for name in ("cause", "exit_status", "hello", "bye", "error", "verdict")
    }
    last = scrubbed(json.dumps({"ending": ending}))
    text = "\n".join([json.dumps(head), *thinned(lines, SIZE - 1000 - len(last)), last])
    (TRACES / f"{slug(done.case.name)}.jsonl").write_text(text + "\n")


def scrubbed(line: str) -> str:
    """Without this machine's folders, and without the addresses of log pages."""
    line = line.replace(str(ROOT / "tests" / "faults"), "").replace(str(ROOT), "/project")
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
