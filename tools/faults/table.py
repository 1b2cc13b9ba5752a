"""The tables of ``docs/faults.md`` from ``build/faults.json``: the matrix with both operators' columns.

    python -m tools.faults.table

The rest of the page stays as it is.
"""

from __future__ import annotations

import json
from typing import Any

from tools import BUILD, ROOT

PAGE = ROOT / "docs" / "faults.md"
BEGIN, END = (
    "<!-- tables: begin (python -m tools.faults.table writes what follows) -->",
    "<!-- tables: end -->",
)
NOT_MEASURED = "-"
ENDED = {
    "AirflowTaskTimeout": "timeout",
    "AirflowException": "failed",
    "success": "success",
}


def main() -> None:
    """Write the tables."""
    rows = json.loads((BUILD / "faults.json").read_text())
    PAGE.write_text(page(PAGE.read_text(), rows))


def page(text: str, rows: list[dict[str, Any]]) -> str:
    """The page with new tables between the two comments."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{PAGE}: the two comments that enclose the tables are missing: {BEGIN} ... {END}")
    faults = [row for row in rows if not row["fault"].startswith("healthy")]
    healthy = [row for row in rows if row["fault"].startswith("healthy")]
    tables = "\n".join([*table("Faults", faults), "", *table("Healthy but slow", healthy)])
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


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
