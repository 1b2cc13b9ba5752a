"""Write ``docs/alerts.md`` from the kinds of alerts. Usage: ``python -m tools.generate.alerts``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import SEVERITIES
from airflow_spark_guard.core.history.alerts.catalogue import ALERTS, INFO_BELOW, WARNING_BELOW
from airflow_spark_guard.core.history.alerts.figures import share
from tools import ROOT

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.alerts.alert import Rule

PAGE: Final = ROOT / "docs" / "alerts.md"

HEAD: Final = (
    "| kind | what is wrong | figure | info above | warning above | critical above | only if | source of the "
    "limits |\n|---|---|---|---|---|---|---|---|"
)
INTRO: Final = f"""\
# Alerts: what an application wastes

<!-- Written by tools/generate/alerts.py. Change airflow_spark_guard/core/history/alerts, not this page. -->

Alerts are found in the history of an application, from its event log or from its record. Each has a severity,
the stage, executor or execution, the line of your Python if it is known, the figure beside its limit, what to
do, and the core-seconds that it cost at most. The wastes of several alerts overlap: do not add them up.

- **Order.** The largest waste first. Alerts whose waste is not known come last.
- **Severity.** It is that of the highest limit that the figure is over. It is lowered to info if the waste is
  below {share(INFO_BELOW)} of the core-seconds held, to a warning if it is below {share(WARNING_BELOW)}.
- **Unknown figures.** An alert that needs a figure that is not known is not raised. A record, for one, has no
  single tasks.
- **One line, one alert.** Alerts of one kind at one line of Python are one alert, the worst of them.
- **Names.** Operators and metrics are those of Spark 4.2. Those of Photon, Gluten and Comet are not known.

{HEAD}
"""

SOURCES: Final = """
## Sources
- DataFlint (`dataflint/spark`, commit edd3207), `spark-ui/src/reducers/Alerts`: its limits in code.
- Dr. Elephant (`linkedin/dr-elephant`, commit 916c25d5), `spark/heuristics`: its default thresholds in code.
- Sparklens (`qubole/sparklens`, commit 7f2ea4b), `analyzer`: the measures; it has no limits.
- Kindling (`allyreilly/kindling`), README: the kinds of findings and their severities.
- Databricks' Spark UI guide, page "Skew and spill": the longest task against the 75th percentile.
- spark-advisor-rules 0.1.19, page of the package: idle executors.
- Spark 4.2: `spark.speculation.multiplier`, `spark.sql.adaptive.skewJoin.skewedPartitionFactor` and
  `spark.sql.maxBroadcastTableSize`, their defaults.

"Ours" is a limit that no source gives.
"""


def row(rule: Rule) -> str:
    """A line of the table."""
    limits = rule.limits
    found = [getattr(limits, name) for name in SEVERITIES]
    above = ["-" if limit is None else limits.shown(limit) for limit in found]
    cells = (rule.name, rule.about, limits.figure, *above, limits.only_if or "-", limits.source)
    return f"| {' | '.join(cells)} |\n"


def text() -> str:
    """The whole page."""
    return INTRO + "".join(row(rule) for rule in ALERTS) + SOURCES


def main() -> None:
    """Write the page."""
    PAGE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
