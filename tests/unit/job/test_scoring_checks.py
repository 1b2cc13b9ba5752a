"""Whether a model can score: found out on the driver, without Spark."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.kinds.array import ArrayReader
from airflow_spark_guard.job.collection.kinds.text import TextReader
from airflow_spark_guard.job.scoring_checks import check_model, result_of
from airflow_spark_guard.job.scoring_worker import ARRAY, NUMBER, TEXT, Input, Scoring, framed

NAMES = ("size", "town")
INPUTS = (
    Input(ArrayReader("numbers", 1), (0,), (0,)),
    Input(TextReader("town", 1, ("Bern", "Rome")), (1,), (1,)),
)
ARRAYS = Scoring(INPUTS, 2, "float32", NUMBER, "predict")
FRAMES = Scoring(INPUTS, 2, "float32", NUMBER, "predict", NAMES)


@pytest.fixture(scope="module")
def by_name():
    """A pipeline that takes its columns by name, as many are written."""
    frame = pd.DataFrame({"size": [1.0, 2.0, 3.0], "town": pd.Categorical(["Bern", "Rome", "Bern"])})
    columns = ColumnTransformer([("town", OneHotEncoder(), ["town"])], remainder="passthrough")
    return make_pipeline(columns, LinearRegression()).fit(frame, [1.0, 5.0, 3.0])


def test_a_model_that_wants_names_is_met_on_the_driver(by_name):
    """It is given a frame, or refused with what to do; never left to fail on the executors."""
    assert result_of(by_name, FRAMES, NAMES) == NUMBER
    with pytest.raises(SampleError) as caught:
        result_of(by_name, ARRAYS, NAMES)
    assert caught.value.what == "The model takes its columns by name, and would be given an array."
    assert "Specifying the columns using strings is only supported for" in caught.value.got
    assert caught.value.advice == "Pass as_frame=True; the executors need pandas for it."


class Picky:
    """A model that takes frames alone, and says nothing of it."""

    def predict(self, rows):
        return rows["size"].to_numpy() + 1


class Never:
    """A model that refuses zeros, in whatever form."""

    classes_ = np.array(["a", "b"])

    def predict(self, _):
        raise ValueError

    def predict_proba(self, _):
        raise ValueError


def test_other_models_that_want_names_are_found_by_trying():
    """Where a frame works and an array does not, the frame is what the model wants."""
    with pytest.raises(SampleError, match="^The model takes its columns by name"):
        result_of(Picky(), ARRAYS, NAMES)
    assert result_of(Picky(), FRAMES, NAMES) == NUMBER


def test_a_model_that_refuses_zeros_may_take_the_data():
    """Nothing is concluded from a row of zeros that fails either way."""
    for scoring in (ARRAYS, FRAMES):
        assert result_of(Never(), scoring, NAMES) == TEXT
    proba = Scoring(INPUTS, 2, "float32", NUMBER, "predict_proba")
    assert result_of(Never(), proba, NAMES) == ARRAY


def test_a_frame_is_that_of_the_sample():
    """Numbers as floats, codes as texts with all categories, unknown ones missing."""
    frame = framed(np.array([[1.5, 1], [2.5, np.nan], [3.5, 0]], "float32"), FRAMES)
    pd.testing.assert_frame_equal(
        frame,
        pd.DataFrame(
            {
                "size": np.array([1.5, 2.5, 3.5], "float32"),
                "town": pd.Categorical(["Rome", None, "Bern"], categories=["Bern", "Rome"]),
            }
        ),
    )


def test_features_must_be_those_of_the_training():
    """By number; and by name, where the model knows names and they are the same in another order."""
    model = LinearRegression().fit(pd.DataFrame({"v_0": [1, 2], "v_1": [3, 5]}), [1, 2])
    check_model(model, ("v_0", "v_1"))
    check_model(model, ("a", "b"))
    with pytest.raises(
        SampleError, match="^The model was fitted on another number of features.\n  got: 1: v_0\n"
    ):
        check_model(model, ("v_0",))
    with pytest.raises(SampleError, match="^The features stand in another order than in training.\n"):
        check_model(model, ("v_1", "v_0"))
