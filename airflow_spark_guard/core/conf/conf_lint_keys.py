"""Finds keys without effect: unknown, too new, too old, or for another cluster manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_recipes import OLD_KEYS, old_family
from airflow_spark_guard.core.conf.conf_view import Problem
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_spark_guard.core.conf.conf_view import ConfView, Manager

_LISTED = 5
_LONGEST = 120
_CLUSTERS: tuple[Manager, ...] = ("local-cluster", "standalone", "yarn", "kubernetes")
_THIRD_PARTIES = (
    "spark.databricks.", "spark.rapids.", "spark.my.", "spark.cassandra.", "spark.mongodb.", "spark.es.",
    "spark.delta.", "spark.snowflake.", "spark.comet.", "spark.gluten.", "spark.kyuubi.", "spark.sedona.",
    "spark.openlineage.", "spark.mlflow.", "spark.glue.", "spark.emr.", "spark.dataflint.", "spark.celeborn.",
    "spark.rss.", "spark.jsl.", "spark.synapse.", "spark.neo4j.", "spark.bigquery.", "spark.datasource.",
    "spark.dataproc.", "spark.acryl.", "spark.datahub.", "spark.hoodie.", "spark.lineage.", "spark.extra.",
)  # fmt: skip

# Cluster managers that read a family of keys, or a key; the longest match counts.
_READERS: dict[str, tuple[Manager, ...]] = {
    "spark.yarn.": ("yarn",),
    "spark.kubernetes.": ("kubernetes",),
    "spark.mesos.": (),
    "spark.cores.max": ("local-cluster", "standalone"),
    "spark.executor.instances": _CLUSTERS,
    "spark.executor.cores": _CLUSTERS,
    "spark.executor.memoryOverhead": ("yarn", "kubernetes"),
    "spark.executor.minMemoryOverhead": ("yarn", "kubernetes"),
    "spark.executor.maxNumFailures": ("yarn", "kubernetes"),
    "spark.executor.failuresValidityInterval": ("yarn", "kubernetes"),
    "spark.dynamicAllocation.": _CLUSTERS,
}
_DAEMONS = {
    "spark.deploy.": "the standalone master",
    "spark.worker.": "the standalone worker",
    "spark.history.": "the history server",
    "spark.master.rest.": "the standalone master",
    "spark.master.ui.": "the standalone master",
}


def lint_keys(view: ConfView) -> Iterator[Problem]:
    """Warnings about all keys that the user has set."""
    strangers = []
    for key in view.values:
        if view.is_users(key):
            found = list(_of_one(view, key))
            yield from found
            if not found and _is_strange(view, key):
                strangers.append(key)
    if strangers:
        yield _strangers(strangers)


def _of_one(view: ConfView, key: str) -> Iterator[Problem]:
    """At most one warning about each key: the first that explains why it has no effect."""
    # A file is shared with other applications and with Spark's daemons: keys for them are not mistakes.
    from_file = "/" in view.values[key].origin
    rules = (_dead, _misspelt, _of_another_version, *(() if from_file else (_overruled, _of_another_manager)))
    for rule in rules:
        found = rule(view, key)
        if found is not None:
            yield found
            return


def _dead(view: ConfView, key: str) -> Problem | None:
    row = view.known.get(key)
    if row is not None and row.why_dead:
        return _warning(
            key, f"{view.shown(key)}: Spark no longer reads this key.", f"Spark's note: {row.why_dead}"
        )
    if row is not None and row.new_key:
        return _warning(key, f"{view.shown(key)}: an old spelling.", f"Write {row.new_key}.")
    advice = OLD_KEYS.get(key) or old_family(key)
    if advice and not view.known.is_known(key):
        return _warning(key, f"{view.shown(key)}: Spark 3.5 and later does not read this key.", advice)
    return None


def _misspelt(view: ConfView, key: str) -> Problem | None:
    if not _is_strange(view, key):
        return None
    if not key.startswith("spark."):
        return _warning(key, f"{view.shown(key)}: spark-submit passes on only keys that start with 'spark.'.")
    near = view.known.nearest(key)
    if near is None:
        return None
    return _warning(key, f"{view.shown(key)}: Spark does not know this key.", f"Did you mean {near}?")


def _of_another_version(view: ConfView, key: str) -> Problem | None:
    row = view.known.get(key)
    if row is None or view.version is None:
        return None
    here = ".".join(map(str, view.version[:2]))
    if row.since and _minor(row.since) > view.version[:2]:
        return _warning(key, f"{view.shown(key)}: Spark knows this key from {row.since} on; this is {here}.")
    if row.until and _minor(row.until) < view.version[:2]:
        return _warning(
            key, f"{view.shown(key)}: {row.until} was the last Spark to know this key; this is {here}."
        )
    return None


def _overruled(view: ConfView, key: str) -> Problem | None:
    """spark-submit gets the connection's master as an option, which wins."""
    if key != "spark.master" or not view.master or view.values[key].value == view.master:
        return None
    return _warning(
        key,
        f"{view.shown(key)}: no effect, the master is {_short(view.master)}.",
        "The master is the host of the Airflow connection: use another connection (conn_id).",
    )


def _of_another_manager(view: ConfView, key: str) -> Problem | None:
    for start, who in _DAEMONS.items():
        if key.startswith(start):
            return _warning(
                key,
                f"{view.shown(key)}: {who} reads this key when it starts; it has no effect in a job.",
            )
    fits = max((start for start in _READERS if key.startswith(start)), key=len, default=None)
    if fits is None or not view.manager or view.manager in _READERS[fits]:
        return None
    readers = ", ".join(_READERS[fits]) or "no current cluster manager"
    return _warning(
        key,
        f"{view.shown(key)}: no effect on master {_short(view.master)}.",
        f"It is read by: {readers}.",
    )


def _is_strange(view: ConfView, key: str) -> bool:
    return not view.known.is_known(key) and not key.startswith(_THIRD_PARTIES)


def _strangers(keys: Iterable[str]) -> Problem:
    names = sorted(keys)
    shown = ", ".join(_short(name) for name in names[:_LISTED])
    rest = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return _warning(
        names[0],
        f"Spark itself does not know {shown}{rest}.",
        "Ignore this if one of your libraries reads them.",
    )


def _warning(key: str, text: str, advice: str = "") -> Problem:
    return Problem("warning", key, text, advice=advice)


def _short(text: str) -> str:
    return safe_text(text)[:_LONGEST]


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
