"""From which size or depth on the instruments warn, and from which depth on they cut the lineage."""

from __future__ import annotations

from dataclasses import dataclass, fields

from airflow_spark_guard.job.instruments.errors import OptionError
from airflow_spark_guard.job.text import shown

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Limits of the warnings. Sizes are whole bytes, depths are counts of operations; a value above warns.

    Attributes:
        closure: bytes of a pickled function. 1000 KiB, the task size above which Spark itself warns
            (``TaskSetManager``, "very large size").
        broadcast: bytes of a pickled broadcast value. 4 MiB, Spark's ``spark.broadcast.blockSize``: above it
            travels in several blocks.
        lineage: operations in the longest chain of a plan. 50.
        checkpoint: operations above which ``checkpoint_if_needed`` cuts the lineage. 30; at most ``lineage``.

    Raises:
        OptionError: a value that is not a whole number above 0, or a checkpoint above the lineage's warning.
    """

    closure: int = 1000 * KIB
    broadcast: int = 4 * MIB
    lineage: int = 50
    checkpoint: int = 30

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or value <= 0:
                shows = shown(str(value)) if type(value) in {int, bool, str, float} else type(value).__name__
                raise OptionError(
                    f"Thresholds.{field.name} is not valid",
                    got=f"{shows} ({type(value).__name__})",
                    expected="a whole number above 0",
                    advice="give sizes in bytes, as 1000 * 1024, and depths as counts",
                )
        if self.checkpoint > self.lineage:
            raise OptionError(
                "Thresholds.checkpoint is above Thresholds.lineage",
                got=f"checkpoint {self.checkpoint} (lineage: {self.lineage})",
                expected="a checkpoint at or below the depth that warns",
                advice="raise lineage as well, or lower checkpoint",
            )
