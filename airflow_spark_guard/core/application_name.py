"""The name of an application that its user does not name: the task's, so that everybody finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME_KEY: Final = "spark.app.name"
NAME_OPTION: Final = "--name"
# Kubernetes makes the pods' names of it (253 characters, about 40 of them Spark's own); others take any.
_LONGEST: Final = 200
# A pod's name begins with a letter or a digit; Spark replaces what is wrong further on.
_NO_BEGINNING: Final = "._-"


def task_name(dag_id: str, task_id: str, try_number: int, map_index: int = -1) -> str:
    """``<dag_id>.<task_id>.<try_number>``; of a mapped task ``<dag_id>.<task_id>.<map_index>.<try_number>``.

    Args:
        dag_id: of the task.
        task_id: of the task, with its groups.
        try_number: from 1 on.
        map_index: -1 where the task is not mapped.
    """
    numbers = [try_number] if map_index < 0 else [map_index, try_number]
    end = "".join(f".{number}" for number in numbers)
    name = f"{dag_id}.{task_id}".lstrip(_NO_BEGINNING)[: _LONGEST - len(end)]
    return f"{name}{end}".lstrip(_NO_BEGINNING)


def named(options: Sequence[str], conf: Mapping[str, str]) -> str:
    """The name that the user gives, by spark-submit's order: option, configuration; empty where none does."""
    if NAME_OPTION in options:
        return options[list(options).index(NAME_OPTION) + 1]
    return conf.get(NAME_KEY, "")
