"""The names of an attempt: in Airflow, in an address, and in the store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.record_folder import folder_name

if TYPE_CHECKING:
    from pathlib import Path

TRY: Final = re.compile(r"(?:map-(\d{1,9})-)?try-(\d{1,9})", re.ASCII)
# A long id ends in a hash, so that only the name of its folder is known.
_HASHED = re.compile(r"[\w+:@=,.%-]{80}~[0-9a-f]{32}", re.ASCII)
_SHOWN = 250


@dataclass(frozen=True)
class Task:
    """A task instance with all of its tries, by the names of its folders.

    Attributes:
        dag: folder of the DAG.
        run: folder of the run.
        task: folder of the task.
        map_index: -1 if the task is not mapped.
    """

    dag: str
    run: str
    task: str
    map_index: int = -1

    @classmethod
    def of_ids(cls, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Task:
        """By Airflow's ids; the name of a folder that ends in a hash stands for itself."""
        return cls(folder_name(dag_id), _folder(run_id), _folder(task_id), map_index)

    def folder(self, root: Path) -> Path:
        """The folder of its tries."""
        return root / self.dag / self.run / self.task

    def try_name(self, number: int) -> str:
        """The name of the folder of a try."""
        return f"map-{self.map_index}-try-{number}" if self.map_index >= 0 else f"try-{number}"

    def shown(self) -> dict[str, str | int]:
        """Its names as texts to show, and as the address of its page has them."""
        return {
            "dag_id": id_of(self.dag),
            "run_id": id_of(self.run),
            "task_id": id_of(self.task),
            "map_index": self.map_index,
            "dag": one_line(id_of(self.dag), _SHOWN),
            "run": one_line(id_of(self.run), _SHOWN),
            "task": one_line(id_of(self.task), _SHOWN),
        }


def id_of(folder: str) -> str:
    """The id that a folder stands for; of a long one the folder's name."""
    return folder if _HASHED.fullmatch(folder) else unquote(folder, errors="replace")


def _folder(id_or_name: str) -> str:
    return id_or_name if _HASHED.fullmatch(id_or_name) else folder_name(id_or_name)
