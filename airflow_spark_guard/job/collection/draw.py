"""Which rows are drawn: every row gets a number by chance or by its key, and the smallest numbers win.

A share of the rows, a little larger than needed, is selected in Spark; the exact number is cut on the driver.
What is drawn does not depend on that share, so a draw that fell short is simply repeated with a larger one.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.projection import expressions, quoted, with_structs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from airflow_spark_guard.job.collection.columns import Columns

    Array = np.ndarray[Any, Any]

PRIORITY, WEIGHT, STRATUM = "priority", "weight", "stratum"
# Five standard deviations of surplus: a second pass is needed about once in three million samples.
_SURPLUS_SIGMAS = 5.0
_HASHES = 2.0**64


@dataclass(frozen=True)
class Draw:
    """How rows are given their numbers.

    Attributes:
        seed: another seed, other rows.
        key: columns that identify a row; empty: Spark's ``rand``, which depends on the partitions.
        weight: column of weights; a row of twice the weight is drawn first twice as often.
        rows_per_weight: rows of the source divided by the sum of their weights.
    """

    seed: int
    key: tuple[str, ...] = ()
    weight: str | None = None
    rows_per_weight: float = 1.0

    def priority(self) -> Any:
        """The Spark column of :meth:`priority_sql`."""
        from pyspark.sql import functions as sf

        return sf.expr(self.priority_sql())

    def priority_sql(self) -> str:
        """The number of a row: a hash, uniform in [0, 1), or exponential with the weight as rate."""
        seed = f"CAST('{own_seed(self.seed)}' AS BIGINT)"
        hashed = f"xxhash64({', '.join([seed, *map(quoted, self.key)])})"
        if self.weight is None:
            return hashed if self.key else f"rand({seed})"
        # The upper 53 bits of a hash fill a double; the half keeps it off zero.
        uniform = (
            f"(shiftrightunsigned({hashed}, 11) + 0.5D) * {2.0**-53!r}D" if self.key else f"rand({seed})"
        )
        return f"-log1p(-({uniform})) / CAST({quoted(self.weight)} AS DOUBLE)"

    def below(self, share: float) -> Any:
        """Spark's condition for about this share of the rows; all of them for 1."""
        from pyspark.sql import functions as sf

        priority = sf.col(PRIORITY)
        if share >= 1:
            return sf.lit(True)  # noqa: FBT003 - a literal column
        if self.weight is not None:
            return priority < sf.lit(-math.log1p(-share) * self.rows_per_weight)
        if self.key:
            return priority < sf.lit(int(share * _HASHES - _HASHES / 2))
        return priority < sf.lit(share)


def own_seed(seed: int) -> int:
    """A seed that the source's own ``rand(seed)`` does not have: the same numbers would not be independent.

    A split by ``rand(42) < 0.8`` followed by a draw with the seed 42 would take the lowest of them again.
    """
    digest = hashlib.sha256(b"airflow_spark_guard.job.collect_sample %d" % seed).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def share_for(rows: int, of: int) -> float:
    """Share to ask for, so that at least ``rows`` of ``of`` come almost surely."""
    if rows >= of:
        return 1.0
    surplus = _SURPLUS_SIGMAS * (math.sqrt(rows * (1 - rows / of)) + 1)
    return min(1.0, (rows + surplus) / of)


def thinned(
    df: Any, columns: Columns, draw: Draw, condition: Any, stratum: str | None, form: tuple[str, bool]
) -> Any:
    """The projection of the rows that meet ``condition``, with ``priority``, ``weight`` and ``stratum``.

    ``form`` is the dtype of the arrays, and whether vectors travel unrolled.
    """
    df, columns = with_structs(df, columns)
    renamed = [f"{quoted(column.name)} AS c{i}" for i, column in enumerate(columns.all())]
    extra = [f"{draw.priority_sql()} AS {PRIORITY}"]
    if draw.weight is not None:
        extra.append(f"CAST({quoted(draw.weight)} AS DOUBLE) AS {WEIGHT}")
    if stratum is not None:
        extra.append(f"{quoted(stratum)} AS {STRATUM}")
    drawn = df.selectExpr(*renamed, *extra).where(condition)
    count = len(columns.features)
    inner = replace(
        columns,
        features=tuple(replace(column, name=f"c{i}") for i, column in enumerate(columns.features)),
        label=columns.label and replace(columns.label, name=f"c{count}"),
    )
    carried = [PRIORITY, *([WEIGHT] if draw.weight else [])]
    strata = [] if stratum is None else [f"CAST({STRATUM} AS STRING) AS {STRATUM}"]
    # Arrays are built for what was drawn alone.
    dtype, unrolled = form
    return drawn.selectExpr(*expressions(inner, dtype, unrolled=unrolled), *carried, *strata)


def smallest(priority: Array, rows: int) -> Array:
    """Positions, ascending, of the ``rows`` smallest numbers."""
    import numpy as np

    if rows >= len(priority):
        return np.arange(len(priority))
    return np.sort(np.argpartition(priority, rows - 1)[:rows])


def by_priority(priority: Array, content: Sequence[Array]) -> Array:
    """Positions in the order of the numbers; rows of the same number in the order of their values.

    So rows that share a key come in the same order, and the same of them are taken, wherever they lay.
    """
    import numpy as np

    order = np.argsort(priority, kind="stable")
    ranked = priority[order]
    same = ranked[1:] == ranked[:-1]
    tied = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
    if len(tied):
        among = order[tied]
        values = [column[among] for column in content]
        order[tied] = among[np.lexsort((*values[::-1], priority[among]))]
    return order
