"""Merges the conf of an attempt: the profile at the bottom, the user's layers above. The user wins.

The profile must never make Spark refuse a job that worked before. If a value of the user and a value of the
profile contradict each other, the profile's value is left out, with a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_check import check_user_conf
from airflow_spark_guard.core.conf.conf_draft import ConfValue, Draft
from airflow_spark_guard.core.conf.conf_rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ConfValue", "EffectiveConf", "Layer", "check_user_conf", "effective_conf"]

PROFILE = "profile"


@dataclass(frozen=True)
class Layer:
    """The settings from one origin.

    Attributes:
        origin: name of the origin, as in the notes: ``"connection spark_default"``, ``"conf"``.
        conf: its keys and values, as returned by :func:`check_user_conf`.
        note: an additional note about it, for the log; may be empty.
    """

    origin: str
    conf: Mapping[str, str]
    note: str = ""


@dataclass(frozen=True)
class EffectiveConf:
    """The merged conf.

    Attributes:
        values: key -> value and origin; the profile's keys first.
        notes: one sentence for each reason to leave values of the profile out; for the log.
    """

    values: Mapping[str, ConfValue]
    notes: tuple[str, ...]

    def plain(self) -> dict[str, str]:
        """Key -> value, as Spark expects it."""
        return {key: found.value for key, found in self.values.items()}


def effective_conf(profile: Mapping[str, str], *layers: Layer) -> EffectiveConf:
    """Merge the profile's own settings with the user's layers.

    Args:
        profile: key -> value, from :func:`~airflow_spark_guard.core.conf.conf_table.profile_settings`.
        layers: lowest priority first: properties file, connection, ``conf=``.
    """
    user = {key: ConfValue(value, layer.origin) for layer in layers for key, value in layer.conf.items()}
    draft = Draft(ours={key: value for key, value in profile.items() if key not in user}, user=user)
    for rule in RULES:
        rule(draft)
    ours = {key: ConfValue(value, PROFILE) for key, value in draft.ours.items()}
    notes = (*(layer.note for layer in layers if layer.note), *draft.notes())
    return EffectiveConf({**ours, **user}, notes)
