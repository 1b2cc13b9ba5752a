"""From what became of a case to its row, and to what is wrong with the row."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.faults import hanging_job
from tools.faults.harness import JOBS, run
from tools.support.airflow_server import AirflowServer
from tools.support.processes import end_all

if TYPE_CHECKING:
    from tools.faults.case import Case
    from tools.faults.harness import Running
    from tools.faults.places import Settled

PATIENCE = 10.0  # seconds from a limit to a failed task
LATE = 20.0  # seconds from when a hang is due to a failed task: a counter's last move, a look, PATIENCE
_WATCHED = 20.0


def guarded(case: Case, settled: Settled, *, slower: float = 1.0) -> tuple[dict[str, Any], Running]:
    """The row of our operator; on a loaded machine an end may take ``slower`` times as long."""
    done = run(case, "guarded", settled)
    summary, outcome = done.summary(), done.outcome
    row = {
        "fault": case.name,
        "where": case.where,
        "expected": " or ".join(case.expectations),
        "verdict": verdict(outcome),
        "seconds_to_fail": seconds_to_fail(done),
        "limit_s": summary.get("limit_s"),
        "named_line": short_place(outcome.get("place") or summary.get("place", "")),
        "orphans": len(done.orphans),
        "claimed_orphans": outcome.get("orphans", []),
        "seconds_from_fault": since(outcome.get("at"), done.fault),
        "note": case.note,
    }
    row["short"] = short(case, row, done, slower=slower)
    return row, done


def upstream(case: Case, settled: Settled) -> dict[str, Any]:
    """Upstream's column."""
    done = run(case, "upstream", settled)
    outcome = done.outcome
    ended = "success" if outcome["state"] == "success" else outcome.get("exception", outcome["state"])
    assert done.fault_came(), f"the job ended before its fault; see {done.folder}"
    begin = done.fault or done.launched or outcome.get("begun")
    return {"ended": ended, "seconds": since(outcome.get("at"), begin), "orphans": len(done.orphans)}


def verdict(outcome: dict[str, Any]) -> str:
    """Empty for success; of an exception without a verdict its name."""
    if outcome["state"] == "success":
        return ""
    if outcome.get("exception") == "ImpossibleError":
        return "IMPOSSIBLE"
    return outcome.get("verdict") or outcome.get("exception", "none")


def since(end: float | None, begin: float | None) -> float | None:
    """Seconds, where both are known."""
    return None if end is None or begin is None else round(end - begin, 1)


def seconds_to_fail(done: Running) -> float | None:
    """From the limit's passing to the failed task; where the verdict has no limit, from the fault."""
    at = done.outcome.get("at")
    if done.outcome["state"] == "success":
        return None
    reached = done.summary().get("limit_reached_at_s")
    if reached is not None and done.launched is not None:
        return since(at, done.launched + reached)
    return since(at, (done.fault or done.outcome.get("begun", at)) + done.case.notice)


def short_place(place: str) -> str:
    """Without the folder."""
    return re.sub(r"^.*/", "", place)


def expected_lines(case: Case) -> list[str]:
    """``file:line`` of every line that carries the case's comment."""
    script = JOBS / case.job[0]
    wanted = f"STUCK HERE ({case.stuck})"
    lines = script.read_text().splitlines()
    return [f"{script.name}:{number}" for number, line in enumerate(lines, 1) if wanted in line]


def too_late(case: Case, row: dict[str, Any], slower: float) -> list[str]:
    """What took too long: from the verdict's own limit, and from the fault, which does not move."""
    wrong = []
    if (row["seconds_to_fail"] or 0.0) > PATIENCE * slower:
        wrong.append(f"{row['seconds_to_fail']} s to fail")
    if case.due and (row.get("seconds_from_fault") or 0.0) > case.due + LATE * slower:
        wrong.append(f"{row['seconds_from_fault']} s from the fault, due at {case.due:g} s")
    return wrong


def short(case: Case, row: dict[str, Any], done: Running | None = None, *, slower: float = 1.0) -> str:
    """What is wrong with a row, or ""."""
    wrong = []
    if row["verdict"] not in case.expectations:
        wrong.append(f"verdict {row['verdict'] or 'none'}")
    if row["orphans"]:
        wrong.append(f"{row['orphans']} orphans")
    wrong += too_late(case, row, slower)
    if case.stuck and not any(
        re.match(rf"{re.escape(line)}\b", row["named_line"]) for line in expected_lines(case)
    ):
        wrong.append(f"names {row['named_line'] or 'no line'}, not {' or '.join(expected_lines(case))}")
    if done is not None and not done.fault_came():
        wrong.append("the job ended before its fault")
    if done is not None and case.check and (found := case.check(done)):
        wrong.append(found)
    return "; ".join(wrong)


def death(case: Case, operator: str) -> tuple[list[str], float | None]:
    """A case that needs a real scheduler: what is left 20 s later, and the seconds until nothing was."""
    with (
        tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder,
        AirflowServer(Path(folder), hanging_job.DAGS, hanging_job.ENVIRONMENT) as server,
    ):
        job = hanging_job.start(server, operator, "udf", Path(folder))
        died = time.monotonic()
        hanging_job.die(job, case.job[1])
        took = None
        while took is None and time.monotonic() - died < _WATCHED:
            took = None if job.left() else round(time.monotonic() - died, 1)
            time.sleep(0.1)
        left = job.left()
        end_all(job.mark)
    return left, took


def guarded_death(case: Case, *, slower: float = 1.0) -> dict[str, Any]:
    """The row of our operator."""
    left, took = death(case, "guarded")
    row = {
        "fault": case.name,
        "where": case.where,
        "expected": case.expected,
        "verdict": "GONE" if not left else "",
        "seconds_to_fail": took,
        "limit_s": None,
        "named_line": "",
        "orphans": len(left),
        "note": case.note,
    }
    row["short"] = short(case, row, slower=slower)
    return row


def upstream_death(case: Case) -> dict[str, Any]:
    """Upstream's column."""
    left, took = death(case, "upstream")
    return {"ended": "gone" if not left else "still running", "seconds": took, "orphans": len(left)}
