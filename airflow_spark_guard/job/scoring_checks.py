"""Whether a model can score a DataFrame, found out on the driver before anything runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.kinds.base import SPARK_TYPES
from airflow_spark_guard.job.scoring_worker import ARRAY, NUMBER, TEXT, framed
from airflow_spark_guard.job.text import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.job.collection.columns import Columns
    from airflow_spark_guard.job.scoring_worker import Result, Scoring


def check_arguments(model: Any, df: Any, columns: Columns, output: str, method: str, dtype: str) -> None:
    """Raise for what cannot be asked of this model and this DataFrame."""
    if dtype not in SPARK_TYPES:
        raise SampleError(
            "This dtype is not known.",
            got=repr(dtype),
            expected=" or ".join(map(repr, SPARK_TYPES)),
            advice="Pass the one of the sample: str(sample.X.dtype).",
        )
    if output.lower() in (name.lower() for name in df.columns):
        raise SampleError(
            f"The DataFrame has a column {output!r} already.",
            got=listed(df.columns),
            expected="a new name for the result",
            advice="Pass another output=, or drop the column first.",
        )
    if not callable(getattr(model, method, None)):
        raise SampleError(
            f"The model has no method {method!r}.",
            got=type(model).__name__,
            expected="a fitted model with that method",
            advice="Name one that it has: method='predict'.",
        )
    for column in columns.features:
        if column.categorical and column.categories is None:
            raise SampleError(
                f"Column {column.name!r} is text, and its codes are not known.",
                got=column.type,
                expected="the texts in order of their codes, as in training",
                advice="Pass categorical=sample.report.categories.",
            )


def check_model(model: Any, names: Sequence[str]) -> None:
    """Raise for a model that was fitted on other features than these."""
    wanted = getattr(model, "n_features_in_", len(names))
    if wanted != len(names):
        raise SampleError(
            "The model was fitted on another number of features.",
            got=f"{len(names)}: {listed(names)}",
            expected=f"{wanted}",
            advice="Pass the features of the training, in their order.",
        )
    known = list(getattr(model, "feature_names_in_", ()))
    if known != list(names) and sorted(known) == sorted(names):
        raise SampleError(
            "The features stand in another order than in training.",
            got=listed(names),
            expected=listed(known),
            advice="Pass features=list(model.feature_names_in_).",
        )


def result_of(model: Any, scoring: Scoring, names: Sequence[str]) -> Result:
    """Number, array or text: found out on a row of zeros, which almost every model takes.

    Args:
        model: fitted.
        scoring: how the model will be called.
        names: of the features.

    Raises:
        SampleError: a result that fits into no column; a model that takes frames alone, and is given arrays.
    """
    method = getattr(model, scoring.method)
    zeros = np.zeros((1, scoring.width), scoring.dtype)
    values, error = _tried(method, zeros if scoring.names is None else framed(zeros, scoring))
    if error is not None:
        if scoring.names is None:
            _check_takes_arrays(method, zeros, replace(scoring, names=tuple(names)), error)
        # A model may refuse zeros and yet take every row of the data.
        if scoring.method != "predict":
            return ARRAY
        kind = np.asarray(getattr(model, "classes_", 0.0)).dtype.kind
        return TEXT if kind in "OUS" else NUMBER
    if values.ndim == 1 and len(values) == 1:
        return TEXT if values.dtype.kind in "OUS" else NUMBER
    if values.ndim == 2 and len(values) == 1 and values.dtype.kind in "fiub":  # noqa: PLR2004 - a row of numbers
        return ARRAY
    raise SampleError(
        f"The result of model.{scoring.method} fits into no column.",
        got=f"{values.dtype} of shape {values.shape} for one row",
        expected="one number or text, or one row of numbers, for each row",
        advice="Choose another method, or wrap the model in a class whose method gives one of these.",
    )


def _tried(method: Any, rows: Any) -> tuple[Any, Exception | None]:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(method(rows)), None
    except Exception as error:  # noqa: BLE001 - whatever a model raises for zeros
        return None, error


def _check_takes_arrays(method: Any, zeros: Any, scoring: Scoring, error: Exception) -> None:
    """Raise for a model that failed on an array because it wants columns by their names."""
    try:
        takes_frame = _tried(method, framed(zeros, scoring))[1] is None
    except ImportError:  # no pandas here
        takes_frame = False
    if takes_frame or "dataframe" in str(error).lower():
        raise SampleError(
            "The model takes its columns by name, and would be given an array.",
            got=f"{type(error).__name__}: {error}"[:300],
            expected="a pandas.DataFrame, as in training",
            advice="Pass as_frame=True; the executors need pandas for it.",
        ) from error
