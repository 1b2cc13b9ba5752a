"""Which rows are drawn: every row gets a number by chance or by its key, and the smallest numbers win.

A share of the rows, a little larger than needed, is selected in Spark; the exact number is cut on the driver.
What is drawn does not depend on that share, so a draw that fell short is simply repeated with a larger one.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.kinds.base import quoted
from airflow_spark_guard.job.collection.projection import expressions, with_structs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.job.collection.columns import Columns

PRIORITY, WEIGHT, STRATUM, TIE, PART = "priority", "weight", "stratum", "tie", "part"
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
        log_rate: logarithm of the rows of the source divided by the sum of their weights.
        row: all columns of the collection, which distinguish rows of one key.
        stratum: column of the strata.
        part: SQL of the number that decides in which part of a split a row lies.
    """

    seed: int
    key: tuple[str, ...] = ()
    weight: str | None = None
    log_rate: float = 0.0
    row: tuple[str, ...] = ()
    stratum: str | None = None
    part: str | None = None

    def priority_sql(self) -> str:
        """The number of a row: a hash, uniform in [0, 1), or the logarithm of an exponential number.

        The exponential one has the weight as its rate. Its logarithm overflows for no weight.
        A row without a key gets the hash of all its columns: the hash of null is one number for all.
        """
        seed = f"CAST('{own_seed(self.seed)}' AS BIGINT)"
        hashed = hash_sql(seed, self.key)
        if self.key and self.row:
            hashed = f"IF({self._keyless()}, {hash_sql(seed, self.row)}, {hashed})"
        if self.weight is None:
            return hashed if self.key else f"rand({seed})"
        # The upper 53 bits of a hash fill a double; the half keeps it off zero, as greatest() keeps rand().
        uniform = (
            f"(shiftrightunsigned({hashed}, 11) + 0.5D) * {2.0**-53!r}D"
            if self.key
            else f"greatest(rand({seed}), {2.0**-54!r}D)"
        )
        return f"ln(-log1p(-({uniform}))) - ln(CAST({quoted(self.weight)} AS DOUBLE))"

    def tie_sql(self) -> str:
        """A hash of the whole row, which orders rows of one number; null for a row without a key."""
        seed = f"CAST('{own_seed(self.seed, b'tie')}' AS BIGINT)"
        return f"IF({self._keyless()}, NULL, {hash_sql(seed, self.row)})"

    def below(self, share: float) -> Any:
        """Spark's condition for about this share of the rows; all of them for 1."""
        from pyspark.sql import functions as sf

        priority = sf.col(PRIORITY)
        if share >= 1:
            return sf.lit(True)  # noqa: FBT003 - a literal column
        if self.weight is not None:
            return priority < sf.lit(math.log(-math.log1p(-share)) + self.log_rate)
        if self.key:
            return priority < sf.lit(int(share * _HASHES - _HASHES / 2))
        return priority < sf.lit(share)

    def beside_sql(self) -> dict[str, str]:
        """What travels beside the features, by name."""
        beside = {PRIORITY: self.priority_sql()}
        if self.weight is not None:
            beside[WEIGHT] = f"CAST({quoted(self.weight)} AS DOUBLE)"
        if self.key:
            beside[TIE] = self.tie_sql()
        if self.part is not None:
            beside[PART] = self.part
        return beside

    def beside_bytes(self) -> int:
        """Bytes of that for each row in the driver's memory, with what is made of it for the sample."""
        # Weight in and out; priority and tie; the hash of a stratum, its label and its weight; hash and part.
        return 16 * bool(self.weight) + 16 * bool(self.key) + 24 * bool(self.stratum) + 16 * bool(self.part)

    def _keyless(self) -> str:
        return " OR ".join(f"{quoted(name)} IS NULL" for name in self.key)


def hash_sql(seed: str, names: Sequence[str]) -> str:
    """A hash of 64 bits of these columns."""
    return f"xxhash64({', '.join([seed, *map(quoted, names)])})"


def own_seed(seed: int, purpose: bytes = b"") -> int:
    """A seed that the source's own ``rand(seed)`` does not have: the same numbers would not be independent.

    A split by ``rand(42) < 0.8`` followed by a draw with the seed 42 would take the lowest of them again.
    Each purpose has numbers of its own.
    """
    text = b"airflow_spark_guard.job.collect_sample " + purpose + b"%d" % seed
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big", signed=True)


def share_for(rows: int, of: int) -> float:
    """Share to ask for, so that at least ``rows`` of ``of`` come almost surely."""
    if rows >= of:
        return 1.0
    surplus = _SURPLUS_SIGMAS * (math.sqrt(rows * (1 - rows / of)) + 1)
    return min(1.0, (rows + surplus) / of)


def thinned(
    df: Any, columns: Columns, draw: Draw, condition: Any, dtype: str, *, unrolled: bool = False
) -> Any:
    """The projection of the rows that meet ``condition``, with what travels beside it."""
    df, columns = with_structs(df, columns)
    renamed = [f"{quoted(column.name)} AS c{i}" for i, column in enumerate(columns.all())]
    beside = draw.beside_sql()
    stratum = {} if draw.stratum is None else {STRATUM: quoted(draw.stratum)}
    added = (f"{sql} AS {name}" for name, sql in {**beside, **stratum}.items())
    drawn = df.selectExpr(*renamed, *added).where(condition)
    inner = replace(
        columns,
        features=tuple(replace(column, name=f"c{i}") for i, column in enumerate(columns.features)),
        label=columns.label and replace(columns.label, name=f"c{len(columns.features)}"),
    )
    carried = [*beside, *(f"{stratum_sql(name)} AS {name}" for name in stratum)]
    # Arrays are built for what was drawn alone.
    return drawn.selectExpr(*expressions(inner, dtype, unrolled=unrolled), *carried)


def stratum_sql(name: str) -> str:
    """A stratum as it travels: a number, however long its text; null for null."""
    return f"IF({quoted(name)} IS NULL, NULL, xxhash64({quoted(name)}))"
