"""What :func:`~airflow_spark_guard.job.collect.collect_sample` gives back, and which columns it can take."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

_SHOWN = 20


class SampleError(ValueError):
    """A sample that cannot be taken as asked; the message says what to do instead."""

    def __init__(self, what: str, *, got: str, expected: str, advice: str) -> None:
        self.what, self.got, self.expected, self.advice = what, got, expected, advice
        super().__init__(f"{what}\n  got: {got}\n  expected: {expected}\n  do: {advice}")


@dataclass(frozen=True)
class SampleReport:
    """How a sample came about.

    Attributes:
        rows_total: rows of the source DataFrame, before any were dropped.
        rows_dropped: rows left out for a null (``nulls="drop"`` alone).
        rows_taken: rows of the sample.
        bytes: size of ``X`` and ``y`` together.
        seconds: wall clock of both passes over the source.
    """

    rows_total: int
    rows_dropped: int
    rows_taken: int
    bytes: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of a DataFrame as arrays in the driver's memory.

    Attributes:
        X: shape (rows, features), C-contiguous, of the ``dtype`` asked for.
        y: shape (rows,), of the same ``dtype``; None without a label.
        feature_names: one name for each column of ``X``.
        report: how the sample came about.
    """

    X: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any] | None
    feature_names: tuple[str, ...]
    report: SampleReport


@dataclass(frozen=True)
class Columns:
    """The columns of one collection, checked against the schema.

    Attributes:
        features: source columns: several numeric ones, or one vector.
        label: source column of the label, if any.
        vector: True when the one feature column holds ``pyspark.ml`` vectors.
        names: feature names known from the schema, by position; a vector's may be incomplete.
    """

    features: tuple[str, ...]
    label: str | None
    vector: bool
    names: dict[int, str]

    def all(self) -> tuple[str, ...]:
        """Features first, then the label."""
        return self.features if self.label is None else (*self.features, self.label)

    def feature_names(self, width: int) -> tuple[str, ...]:
        """One name for each of ``width`` features; those without one are numbered after the column."""
        return tuple(self.names.get(i, f"{self.features[0]}_{i}") for i in range(width))


def check_columns(schema: Any, features: Sequence[str] | str, label: str | None) -> Columns:
    """Find and check the columns in a ``StructType``.

    Raises:
        SampleError: no features, an unknown, repeated or ambiguous name, a type that is not a number.
    """
    wanted = (features,) if isinstance(features, str) else tuple(features)
    if not wanted:
        raise SampleError(
            "There are no features to collect.",
            got=repr(features),
            expected="names of numeric columns, or of one vector column",
            advice=f"Choose among the columns: {_names(schema.names)}.",
        )
    _check_names(schema.names, wanted if label is None else (*wanted, label))
    vector = len(wanted) == 1 and _is_vector(schema[wanted[0]])
    for name in () if vector else wanted:
        _check_numeric(schema[name], alone=len(wanted) == 1)
    if label is not None:
        _check_numeric(schema[label], alone=True)
    names = _vector_names(schema[wanted[0]]) if vector else dict(enumerate(wanted))
    return Columns(wanted, label, vector, names)


def _check_names(existing: Sequence[str], wanted: Sequence[str]) -> None:
    for name in wanted:
        if name not in existing:
            near = difflib.get_close_matches(str(name), existing, n=1, cutoff=0.5)
            raise SampleError(
                f"The DataFrame has no column {name!r}.",
                got=repr(name),
                expected=f"one of: {_names(existing)}",
                advice=f"Did you mean {near[0]!r}?" if near else "Correct the name, or add the column first.",
            )
        if list(existing).count(name) > 1:
            raise SampleError(
                f"The DataFrame has several columns named {name!r}.",
                got=_names(existing),
                expected="one column of that name",
                advice="Drop or rename one of them; after a join, join on the name instead of an expression.",
            )
        if list(wanted).count(name) > 1:
            raise SampleError(
                f"Column {name!r} is asked for twice.",
                got=_names(wanted),
                expected="features without repetition, and a label that is not among them",
                advice="Name it once. A label among the features would let the model read the answer.",
            )


def _check_numeric(field: Any, *, alone: bool) -> None:
    from pyspark.sql.types import BooleanType, NumericType

    if isinstance(field.dataType, (NumericType, BooleanType)):
        return
    kind = "vector" if _is_vector(field) else field.dataType.simpleString()
    advice = {
        "vector": "Pass a vector column alone, as the only feature; VectorAssembler joins it with others.",
        "string": "Encode it first (pyspark.ml.feature.StringIndexer), or cast it if it holds numbers.",
        "date": "Turn it into a number first, for example with unix_date, month or dayofweek.",
        "timestamp": "Turn it into a number first, for example with unix_timestamp, hour or dayofweek.",
    }
    raise SampleError(
        f"Column {field.name!r} is not numeric.",
        got=kind,
        expected="a number, a boolean or a decimal" + (", or one vector column" if alone else ""),
        advice=advice.get(kind, "Select its numeric parts into columns of their own first."),
    )


def _is_vector(field: Any) -> bool:
    # Both pyspark.ml and the older pyspark.mllib have one; vector_to_array reads either.
    return type(field.dataType).__name__ == "VectorUDT"


def _vector_names(field: Any) -> dict[int, str]:
    """Names that VectorAssembler and its like left in the column's metadata, by position."""
    groups = (field.metadata or {}).get("ml_attr", {}).get("attrs", {})
    attributes = [attribute for group in groups.values() for attribute in group]
    return {attribute["idx"]: attribute["name"] for attribute in attributes if "name" in attribute}


def _names(names: Sequence[str]) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
    return ", ".join(str(name) for name in names[:_SHOWN]) + more
