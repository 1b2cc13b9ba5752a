"""The conf that an attempt gets: the profile at the bottom, the user's layers above. The user wins.

The profile must never make Spark refuse a job that worked before. Where a value of the user and a value of
the profile do not fit together, the profile's is left out, and a note says so.
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
    """What one place sets.

    Attributes:
        origin: the place, in the words of the notes: ``"connection spark_default"``, ``"conf"``.
        conf: its keys and values, as :func:`check_user_conf` gives them.
        note: what else is to be said of it; empty for nothing.
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
        """Key -> value, as Spark takes it."""
        return {key: found.value for key, found in self.values.items()}


def effective_conf(profile: Mapping[str, str], *layers: Layer) -> EffectiveConf:
    """Merge the profile's own settings with the user's layers.

    Args:
        profile: key -> value, from :func:`~airflow_spark_guard.core.conf.conf_table.profile_settings`.
        layers: lowest first: properties file, connection, ``conf=``.
    """
    user = {key: ConfValue(value, layer.origin) for layer in layers for key, value in layer.conf.items()}
    draft = Draft(ours={key: value for key, value in profile.items() if key not in user}, user=user)
    for rule in RULES:
        rule(draft)
    ours = {key: ConfValue(value, PROFILE) for key, value in draft.ours.items()}
    notes = (*(layer.note for layer in layers if layer.note), *draft.notes())
    return EffectiveConf({**ours, **user}, notes)
