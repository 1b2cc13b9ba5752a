"""The cluster managers whose applications the guard watches."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.cluster.kubernetes import Kubernetes
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.typed import checked_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.cluster.manager import ClusterManager, Settings

MANAGERS: Final[tuple[type[ClusterManager], ...]] = (Yarn, Kubernetes)


def titles() -> str:
    """Their names, for a message."""
    return ", ".join(kind.title for kind in MANAGERS)


def is_watched(master: str) -> bool:
    """Whether cluster mode on this master is the guard's; on any other one it is upstream's."""
    return any(kind.recognises(master) for kind in MANAGERS)


def cluster_manager(settings: Settings) -> ClusterManager:
    """The manager of a watched master.

    Raises:
        BadInputError: no manager of ours, no address, or one that is none.
    """
    for kind in MANAGERS:
        if kind.recognises(settings.master):
            return kind.of(settings)
    raise BadInputError(
        "The master is of no cluster that is watched in cluster mode.",
        got=safe_text(settings.master)[:300],
        expected=f"a master of one of these: {titles()}",
        advice="Correct the host of the Airflow connection.",
    )


def manager_from_json(raw: Mapping[str, Any]) -> ClusterManager:
    """What :meth:`ClusterManager.to_json` has written; fields that this manager does not have are ignored.

    Raises:
        KeyError: it is something else.
        TypeError: a value has another type.
    """
    kind = next((kind for kind in MANAGERS if kind.key == raw["manager"]), None)
    if kind is None or not raw["servers"]:
        msg = "no manager of a cluster, or no server of one"
        raise TypeError(msg)
    # Earlier versions wrote the fields of all managers.
    known = {field.name: raw[field.name] for field in fields(kind) if field.name in raw}
    found: ClusterManager = checked_types(kind(**{**known, "servers": tuple(raw["servers"])}))
    return found
