"""One pass over the batches of a collection: rows are written where they stay, and flaws are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.blocks import Layout
from airflow_spark_guard.job.collection.draw import PRIORITY, STRATUM, WEIGHT
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.features import DenseFeatures, SparseFeatures
from airflow_spark_guard.job.collection.table import Blocks, Rows

if TYPE_CHECKING:
    import numpy as np

    from airflow_spark_guard.job.collection.budget import Budget
    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.collection.features import Flaws

    Array = np.ndarray[Any, Any]


class TooManyRowsError(Exception):
    """More rows came than the pass was meant for."""


@dataclass(frozen=True)
class Form:
    """What the arrays look like, and what a null does.

    Attributes:
        dtype: of features and label.
        nulls: ``"error"``, ``"drop"`` or ``"nan"``.
        sparse: whether the features become a sparse matrix.
    """

    dtype: str = "float32"
    nulls: str = "error"
    sparse: bool = False

    def row_bytes(self, width: int, columns: Columns) -> int:
        """Bytes of one row of features and label."""
        return (width + (columns.label is not None)) * (4 if self.dtype == "float32" else 8)


@dataclass(frozen=True)
class Room:
    """How many rows a pass is meant for.

    Attributes:
        wanted: rows that are kept in the end, at most.
        reserved: rows that may come, a surplus for the cut included.
        ceiling: raise :class:`TooManyRowsError` above so many; None for whatever comes.
    """

    wanted: int
    reserved: int
    ceiling: int | None = None


@dataclass
class Counts:
    """What was read, dropped and found wrong."""

    read: int = 0
    dropped: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)

    def add(self, rows: int, flaws: Flaws) -> None:
        """Count one batch."""
        self.read += rows
        for found, total in ((flaws.missing, self.missing), (flaws.infinite, self.infinite)):
            total.update({name: total.get(name, 0) + count for name, count in found.items()})


class Reading:
    """The rows of one pass.

    Args:
        columns: of the collection.
        form: of the arrays.
        room: how many rows it is meant for.
        budget: bounds them as soon as the size of a row is known.
        layout: what is known of the rows already, from batches before.
    """

    def __init__(
        self,
        columns: Columns,
        form: Form,
        room: Room,
        budget: Budget | None = None,
        layout: Layout | None = None,
    ) -> None:
        self._columns, self._form, self._room, self._budget = columns, form, room, budget
        self.layout = Layout(columns, form.dtype) if layout is None else layout
        self.counts = Counts()
        self._features: DenseFeatures | SparseFeatures | None = None
        self._labels: Rows | None = None
        self._extra: dict[str, list[Array]] = {}
        self._strata: dict[str | None, int] = {}
        self._sizes: list[int] = []
        self._waiting: list[Any] = []
        self._batches: list[int] = []

    def add(self, batch: Any) -> None:
        """Write one batch; those before the first vector or array wait for it."""
        if batch.num_rows:
            self.layout.learn(batch)
        self._waiting.append(batch)
        if self.layout.width is not None:
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                self._write(one)

    def finish(self, batches: list[int], *, of_all: bool = True) -> None:
        """Keep the order of the plan, as positions of batches; raise for what the arrays must not hold.

        Raises:
            SampleError: infinite values; nulls that are not allowed; no vector at all.
        """
        self._batches = batches
        waiting = sum(batch.num_rows for batch in self._waiting)
        if waiting:
            self._leave(waiting, self.layout.unknown()[0])
        check_flaws(self.counts, self._columns, self._form, of_all=of_all)

    def _leave(self, rows: int, name: str) -> None:
        """Rows that waited in vain for an array or a vector: without one nobody knows its width."""
        self.counts.read += rows
        if self._form.nulls != "drop":
            raise SampleError(
                f"Column {name!r} is null in every row.",
                got=f"{self.counts.read} rows without a value",
                expected="at least one value: without one nobody knows its width",
                advice="Look at the step that makes it, or take it out of the features.",
            )
        self.counts.dropped += rows
        self.counts.missing[name] = rows
        self._waiting.clear()

    def __len__(self) -> int:
        return sum(self._sizes)

    def beside(self, name: str) -> Array:
        """A column that travelled beside the features, row by row in the order of arrival."""
        import numpy as np

        return np.concatenate(self._extra[name]) if self._extra.get(name) else np.empty(0)

    def stratum_codes(self, texts: dict[str | None, int]) -> Array:
        """The stratum of each row: the number that ``texts`` gives to its text."""
        import numpy as np

        own = np.array([texts.get(text, -1) for text in self._strata], dtype=np.int64)
        codes = self.beside(STRATUM)
        return own[codes.astype(np.int64)] if len(codes) else codes.astype(np.int64)

    def plan_order(self) -> Blocks | None:
        """The batches in the plan's order; None when they came in it."""
        came = list(range(len(self._batches)))
        return None if self._batches == came else Blocks(self._sizes, self._batches)

    def content(self) -> list[Array]:
        """The values of the rows, column by column, label last."""
        features = [] if self._features is None else self._features.content()
        return features if self._labels is None else [*features, self._labels.view()]

    def settle(self) -> dict[str, tuple[str, ...]]:
        """The texts of text columns by code, once all were seen."""
        if self._features is None:
            return {}
        return self._features.settle(None if self._labels is None else self._labels.view())

    def take(self, order: Array | Blocks | None) -> tuple[Any, Array | None]:
        """Features and labels, cut to the rows ``order``."""
        labels = None if self._labels is None else self._labels.take(order)
        return None if self._features is None else self._features.take(order), labels

    def _open(self, width: int) -> DenseFeatures | SparseFeatures:
        if self._budget is not None and not self._form.sparse:
            self._room = _bounded(self._room, self._budget, self._form.row_bytes(width, self._columns))
        if self._columns.label is not None:
            self._labels = Rows(self._room.reserved, None, self._form.dtype)
        kind = SparseFeatures if self._form.sparse else DenseFeatures
        return kind(self._columns, self.layout, self._room.reserved, self._form.dtype)

    def _write(self, batch: Any) -> None:
        if self._features is None:
            self._features = self._open(self.layout.width or 0)
        flaws = self._features.write(batch)
        labels = self._labels_of(batch, flaws)
        self.counts.add(batch.num_rows, flaws)
        chosen = None
        if flaws.rows is not None and self._form.nulls == "drop":
            chosen = ~flaws.rows
            self.counts.dropped += int(flaws.rows.sum())
        self._features.keep(chosen)
        if isinstance(self._features, SparseFeatures) and self._budget is not None and not self._sizes:
            self._budget.check(self._room.wanted, self._features.row_bytes())
        for values, rows in self._pairs(batch, labels):
            rows.append(values if chosen is None else values[chosen])
        self._sizes.append(batch.num_rows if chosen is None else int(chosen.sum()))
        if self._room.ceiling is not None and len(self) > self._room.ceiling:
            raise TooManyRowsError

    def _labels_of(self, batch: Any, flaws: Flaws) -> Array | None:
        import numpy as np

        if self._columns.label is None:
            return None
        labels = self.layout.labels(batch)
        if not np.isfinite(labels).all():
            flaws.add(self._columns.label.name, labels)
        return labels

    def _pairs(self, batch: Any, labels: Array | None) -> list[tuple[Array, Any]]:
        pairs: list[tuple[Array, Any]] = []
        if labels is not None:
            pairs.append((labels, self._labels))
        travelled = (name for name in (PRIORITY, WEIGHT) if name in batch.schema.names)
        pairs += [(batch.column(name).to_numpy(), self._extra.setdefault(name, [])) for name in travelled]
        if STRATUM in batch.schema.names:
            pairs.append((self._coded(batch.column(STRATUM)), self._extra.setdefault(STRATUM, [])))
        return pairs

    def _coded(self, column: Any) -> Array:
        import numpy as np

        encoded = column.dictionary_encode()
        texts = [*encoded.dictionary.to_pylist(), None]
        own = np.array([self._strata.setdefault(text, len(self._strata)) for text in texts])
        codes: Array = own[encoded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)]
        return codes


def _bounded(room: Room, budget: Budget, row_bytes: int) -> Room:
    """No more than the budget allows: a ceiling is lowered, a number that was settled is checked."""
    fitting = budget.rows(row_bytes)
    if room.ceiling is None:
        budget.check(room.wanted, row_bytes)
        return room
    if fitting is None:
        return room
    return Room(min(room.wanted, fitting), min(room.reserved, fitting), min(room.ceiling, fitting))


def check_flaws(counts: Counts, columns: Columns, form: Form, *, of_all: bool) -> None:
    """Raise for infinite values, and for nulls that are not allowed.

    With ``of_all``, the rows are all there are, so that a column of nulls alone is an error as well.

    Raises:
        SampleError: with the columns and how many rows of each.
    """
    infinite, missing = _in_order(counts.infinite, columns), _in_order(counts.missing, columns)
    if infinite:
        narrowed = form.dtype == "float32"
        raise SampleError(
            "There are infinite values in the columns to collect.",
            got=_told(infinite, counts.read),
            expected="finite values"
            + (", also after the cast to float32 (up to 3.4e38)" if narrowed else ""),
            advice="Filter them out or clip them before the call"
            + ("; dtype='float64' holds values up to 1.8e308." if narrowed else "."),
        )
    label = columns.label
    if form.nulls == "error" and missing:
        raise SampleError(
            "There are nulls in the columns to collect.",
            got=_told(missing, counts.read),
            expected="a value in every row; NaN counts as null",
            advice="Pass nulls='drop' or nulls='nan', or fill them before the call with df.fillna(...).",
        )
    if form.nulls == "nan" and label is not None and label.name in counts.missing:
        raise SampleError(
            "There are nulls in the label.",
            got=_told({label.name: counts.missing[label.name]}, counts.read),
            expected="a value in every row; no model learns from a missing answer",
            advice="Filter them out before the call: df.where(df[label].isNotNull()).",
        )
    empty = [name for name, count in missing.items() if count == counts.read]
    if empty and of_all and form.nulls == "nan":
        raise SampleError(
            f"Column {empty[0]!r} is null in every row.",
            got=_told(dict.fromkeys(empty, counts.read), counts.read),
            expected="at least one value",
            advice="Look at the step that makes it, or take it out of the features.",
        )


def _in_order(count_by_name: dict[str, int], columns: Columns) -> dict[str, int]:
    return {c.name: count_by_name[c.name] for c in columns.all() if c.name in count_by_name}


def _told(count_by_name: dict[str, int], rows: int) -> str:
    return ", ".join(f"{name}: {count}" for name, count in count_by_name.items()) + f" (of {rows} rows read)"
