"""``docs/faults.md`` from ``build/faults.json``: the fault matrix with both operators' columns.

python tools/faults_table.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# The fault matrix

What happens to a job that goes wrong, under `SafeSparkSubmitOperator` and under `SparkSubmitOperator`,
each in a real Airflow DAG run on real Spark. `make faults` proves our column anew, `make faults-upstream` the
other one; this page is written from their `build/faults.json` by `tools/faults_table.py`. The cases stand in
`tests/faults/cases.py`.

Limits are scaled down so that the matrix takes half an hour: stall 12 s, start 15 s, driver silence 8 or 10 s
where a case is about it, deadline 90 s. Upstream gets the deadline as `execution_timeout`, and the same Spark
configuration, without our profile.

- **verdict**: what our exception starts with; «passes» where the job survives its fault. IMPOSSIBLE is an
  `ImpossibleError` before the launch; GONE says that the task itself was killed and nothing of its job was
  left.
- **after the limit**: seconds from the limit's passing (where a verdict has none, from the fault) to the
  failed task.
- **left**: processes of the job that live 5 s after the task's end.
- **upstream**: how its task ended, seconds from the fault to that end (from the launch where there is no
  fault), and what it left. «timeout» is its `execution_timeout`: nothing but the clock noticed.
"""
NOT_MEASURED = "-"
ENDED = {
    "AirflowTaskTimeout": "timeout",
    "AirflowException": "failed",
    "success": "success",
}


def main() -> None:
    """Write the page."""
    rows = json.loads((ROOT / "build" / "faults.json").read_text())
    faults = [row for row in rows if not row["fault"].startswith("healthy")]
    healthy = [row for row in rows if row["fault"].startswith("healthy")]
    text = "\n".join([HEAD, *table("Faults", faults), "", *table("Healthy but slow", healthy), ""])
    (ROOT / "docs" / "faults.md").write_text(text)


def table(title: str, rows: list[dict[str, Any]]) -> list[str]:
    """A heading and a table."""
    return [
        f"## {title}",
        "| job | where | verdict | line named | after the limit | left | upstream | seconds | left |",
        "|---|---|---|---|---|---|---|---|---|",
        *map(line, rows),
    ]


def line(row: dict[str, Any]) -> str:
    """One row; what was not measured is a dash."""
    theirs = row.get("upstream") or {}
    ended = str(theirs.get("ended", NOT_MEASURED))
    name = row["fault"].removeprefix("healthy: ") + (f" ({row['note']})" if row.get("note") else "")
    cells = [
        name,
        row["where"],
        row.get("verdict", NOT_MEASURED) or "passes",
        f"`{row['named_line']}`" if row.get("named_line") else "",
        number(row.get("seconds_to_fail")),
        row.get("orphans", NOT_MEASURED),
        ENDED.get(ended, ended),
        number(theirs.get("seconds")),
        theirs.get("orphans", NOT_MEASURED),
    ]
    return f"| {' | '.join(map(str, cells))} |"


def number(seconds: float | None) -> str:
    """Seconds, or nothing."""
    return "" if seconds is None else f"{seconds:.1f}"


if __name__ == "__main__":
    main()
