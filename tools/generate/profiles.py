"""Write ``docs/profiles.md`` from the table of settings. Usage: ``python -m tools.generate.profiles``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_setting import UNSET, in_words
from airflow_spark_guard.core.conf.conf_table import PROFILES, TABLE
from tools import ROOT

if TYPE_CHECKING:
    from airflow_spark_guard.core.conf.conf_setting import Setting

PAGE = ROOT / "docs" / "profiles.md"
SHOWN = tuple(name for name in PROFILES if name != "none")

INTRO = """\
# Spark profiles

<!-- Written by tools/generate/profiles.py. Change the table in airflow_spark_guard/core, not this page. -->

A profile is a set of Spark settings against hanging. Every attempt gets one.

| profile | for |
|---|---|
| `default` | every job. It changes how long Spark waits and what it reports, not what a job can use. |
| `ml-training` | jobs that collect models or data into the driver: more memory for it. |
| `strict` | jobs whose rows are slow, but never for 10 minutes: a silent UDF worker is killed. |
| `none` | nothing is set. |

**Which value wins.** Yours. The order, lowest priority first: profile, the profile's `overrides`, properties
file, connection, `conf=`. If one of your values and one of the profile's contradict each other, the profile's
value is left out, and the task log shows which one and why.
- If you set a key whose value Spark also uses for others (`spark.network.timeout`, `spark.buffer.size`), the
  profile leaves those others out too.
- `spark.plugins` and `spark.driver.timeout` work only together: if you set one, you have to set both.
- The profile's idle-kill goes when you set larger buffers or batches, or an idle time-out of your own.

**What a profile may do.** A job that works with Spark's defaults works under `default` and
`ml-training`, with the same result. A profile waits longer, reports more and warns, but it forbids nothing:
no serializer, no fallback and no number of attempts is changed. `tests/unit/core/conf/test_conf_table.py`
says why for each key, and `tests/integration/spark/test_profile_on_spark.py` runs the risky ones on Spark.
The exceptions:
- `strict` ends what is silent; that is its purpose. A UDF worker without output for 10 minutes is killed,
  even if it would have come to its end. With a longer `limits.stall_timeout` it has that long. A function
  that counts its Arrow batches (`mapInPandas`, iterators) sees more and smaller ones.
- `ml-training` asks for a driver of 4 GiB. On a smaller host or container set `spark.driver.memory` yourself.
- Every profile cuts the text of a query plan (`explain()`, Spark UI) after 64 KiB.
- When Spark leaves Arrow for the slow way (`createDataFrame`, `toPandas`), the task log says so once.

**How to see it.** `SparkProfile("default").to_defaults_conf()` gives the profile as a `spark-defaults.conf`,
each key below its reason. The attempt's real values stand on the Environment page of the Spark UI.

**How to switch one key off.** Set it in `conf=` to the value you want, for example to Spark's default below.
To switch everything off, take `SparkProfile("none")`.

A key is sent only to a Spark that knows it (column *since*). A Spark whose version is not known gets what 4.0
knows. A dash means that the profile does not send the key.

**What `strict` costs.** Its Arrow batches of 100 rows add up to 1 ms to every 100 rows. That is
negligible if a row takes 10 ms, and very much if rows are quick: use `default` then.
"""


def row(setting: Setting) -> str:
    """One line of a table."""
    since = ".".join(map(str, setting.since)) if setting.since else "always"
    values = [_code(setting.values.get(name, "")) for name in SHOWN]
    return f"| {' | '.join([_code(setting.key), _code(setting.default), *values, since, setting.reason])} |"


def _code(text: str) -> str:
    text = "" if text == UNSET else in_words(text)
    return f"`{text.removeprefix('<').removesuffix('>')}`" if text else "-"


def page() -> str:
    """The whole page."""
    head = ["key", "Spark's default", *SHOWN, "since", "why"]
    parts = [INTRO]
    for title, rows in TABLE.items():
        lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *map(row, rows)]
        parts.append(f"## {title}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
