"""Explains one Spark key: what it is, why the profile sets it, and which value is in effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_recipes import OLD_KEYS, old_family
from airflow_spark_guard.core.conf.conf_setting import in_words
from airflow_spark_guard.core.conf.conf_table import SETTINGS
from airflow_spark_guard.core.conf.conf_view import READABLE
from airflow_spark_guard.core.text.masking import mask
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.conf.conf_draft import ConfValue
    from airflow_spark_guard.core.conf.known_confs import KnownConfs


def explain(
    key: str, values: Mapping[str, ConfValue], known: KnownConfs, version: tuple[int, ...] | None = None
) -> str:
    """Lines of text: type, versions, Spark's default, the profile's reason, and the value in effect.

    Args:
        key: the key.
        values: the effective conf, as ``EffectiveConf.values``.
        known: Spark's own keys.
        version: (major, minor) of Spark, or None.
    """
    rows = [*_of_spark(key, known), *_of_profile(key), ("here", _winner(key, values, version))]
    width = max(len(name) for name, _ in rows)
    return "\n".join([safe_text(key), *(f"  {name.ljust(width)}  {text}" for name, text in rows)])


def _of_spark(key: str, known: KnownConfs) -> list[tuple[str, str]]:
    row = known.get(key)
    if row is None:
        return [("Spark", _stranger(key, known))]
    unit = f"; a bare number is in {row.bare}" if row.bare else ""
    kind = f"{READABLE[row.kind]}{unit}" if row.kind in READABLE else "not in Spark's registry"
    rows = [
        ("type", kind),
        ("since", row.since or "before 3.5, or composed at run time"),
        ("until", row.until or "known to the newest supported Spark"),
        ("Spark's default", row.default or "not set"),
    ]
    return rows + ([("note", _note(row.note))] if row.note else [])


def _note(note: str) -> str:
    kind, _, text = note.partition(":")
    starts = {"old": "an old spelling of ", "unused": "no longer read: ", "removed": "removed "}
    return starts.get(kind, f"{kind}: ") + text


def _stranger(key: str, known: KnownConfs) -> str:
    if known.is_known(key):
        return "a key of a family whose last part you choose"
    near = known.nearest(key)
    advice = OLD_KEYS.get(key) or old_family(key) or (f"Did you mean {near}?" if near else "")
    return f"Spark 3.5 and later does not know this key. {advice}".rstrip()


def _of_profile(key: str) -> list[tuple[str, str]]:
    row = SETTINGS.get(key)
    if row is None:
        return [("profile", "does not set it")]
    sets = ", ".join(f"{name}: {in_words(value)}" for name, value in row.values.items())
    return [("profile", sets), ("why", row.reason)]


def _winner(key: str, values: Mapping[str, ConfValue], version: tuple[int, ...] | None) -> str:
    found = values.get(key)
    spark = f"Spark {'.'.join(map(str, version))}" if version else "Spark"
    if found is None:
        return f"not set: {spark} uses its default"
    shown = safe_text(mask(key, found.value))
    return f"{shown}, set by {found.origin}; conf= wins over connection, properties file and profile"
