"""The cluster managers whose applications the guard watches."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.cluster.kubernetes import Kubernetes
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
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
        BadInputError: no manager of ours, no address, or one that is not valid.
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


def manager_from_json(raw: object) -> ClusterManager:
    """What :meth:`ClusterManager.to_json` has written; fields that this manager does not have are ignored.

    Raises:
        ValueError: JSON of another shape, an unknown manager, or no server.
    """
    given = raw if isinstance(raw, dict) else {}
    kind = next((kind for kind in MANAGERS if kind.key == given.get("manager")), None)
    if kind is None or not given.get("servers"):
        msg = "no manager of a cluster, or no server of one"
        raise ValueError(msg)
    # Earlier versions wrote the fields of all managers.
    return kind.from_json({field.name: given[field.name] for field in fields(kind) if field.name in given})
