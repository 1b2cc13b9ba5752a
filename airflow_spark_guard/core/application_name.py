"""The default name of an application: the name of its task, by which users can find it in Spark's UIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME_KEY: Final = "spark.app.name"
NAME_OPTION: Final = "--name"
# Kubernetes derives the names of pods from it (253 characters, about 40 of them Spark's own).
_LONGEST: Final = 200
# A pod's name begins with a letter or a digit; Spark replaces other invalid characters itself.
_NO_BEGINNING: Final = "._-"


def task_name(dag_id: str, task_id: str, try_number: int, map_index: int = -1) -> str:
    """``<dag_id>.<task_id>.<try_number>``; if mapped, ``<dag_id>.<task_id>.<map_index>.<try_number>``.

    Args:
        dag_id: id of the DAG.
        task_id: id of the task, with its task groups.
        try_number: starts at 1.
        map_index: -1 if the task is not mapped.
    """
    numbers = [try_number] if map_index < 0 else [map_index, try_number]
    end = "".join(f".{number}" for number in numbers)
    name = f"{dag_id}.{task_id}".lstrip(_NO_BEGINNING)[: _LONGEST - len(end)]
    return f"{name}{end}".lstrip(_NO_BEGINNING)


def named(options: Sequence[str], conf: Mapping[str, str]) -> str:
    """The name that the user sets, in spark-submit's order: option, then configuration; empty if not set."""
    if NAME_OPTION in options:
        return options[list(options).index(NAME_OPTION) + 1]
    return conf.get(NAME_KEY, "")
