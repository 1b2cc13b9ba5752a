"""predict against the model itself on the collected matrix, on a real Spark."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from airflow_spark_guard.job import scoring, scoring_worker
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.kinds import vector
from airflow_spark_guard.job.scoring import predict

pytestmark = pytest.mark.spark
NUMBERS = ["id", "ratio", "third", "price", "day", "at"]
TEXTS = ("a", "b", "c")


class Echo:
    """A model whose answer is the matrix."""

    def predict(self, x):
        return x.copy()


class Sum:
    """A model that refuses what predict must not give it, and counts its rows."""

    n_features_in_ = 2

    def predict(self, x):
        return np.full(len(x), float(len(x)))


@pytest.fixture(scope="module")
def spark_conf():
    return {
        # More than the task's one core, so that the limit is seen to work.
        "spark.executorEnv.OMP_NUM_THREADS": "4",
        # Small batches, so that a few thousand rows make many of them.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "300",
    }


@pytest.fixture(scope="module")
def rows(spark):
    """3,000 rows in 3 partitions with every kind of column, and nulls."""
    return spark.range(0, 3000, 1, 3).selectExpr(
        "id",
        "IF(id % 50 = 7, NULL, id / 7.0D) AS ratio",
        "id % 3 = 0 AS third",
        "CAST(id * 0.25 AS DECIMAL(12, 2)) AS price",
        "DATE'2013-01-01' + CAST(id % 300 AS INT) AS day",
        "TIMESTAMP'2013-01-01 12:00:00' + MAKE_INTERVAL(0, 0, 0, 0, id) AS at",
        "ELT(1 + id % 5, 'a', 'b', 'c', 'new', NULL) AS text",
        "IF(id % 11 = 3, NULL, ARRAY(CAST(id AS INT), NULL, -id)) AS list",
        "'not for python' AS `dotted.name`",
    )


@pytest.fixture(scope="module")
def vectors(spark):
    """Dense, sparse and missing vectors of length 3."""
    from pyspark.ml.linalg import Vectors

    kinds = [
        lambda i: Vectors.dense([i, i + 0.5, -i]),
        lambda i: Vectors.sparse(3, [1], [float(i)]),
        lambda _: None,
        lambda _: Vectors.sparse(3, [], []),
    ]
    return spark.createDataFrame([(i, kinds[i % 4](i)) for i in range(40)], ["i", "v"]).repartition(2)


def matrix(frame, features, **options):
    """What the model saw, by way of a model that gives it back."""
    scored = predict(Echo(), frame, features, **options).orderBy(frame.columns[0]).collect()
    return np.array([row.prediction for row in scored], dtype=float)


@pytest.mark.parametrize("transport", ["arrow", "pandas"])
def test_the_model_sees_every_kind_of_column(rows, monkeypatch, transport):
    """Numbers, dates, texts and arrays come in order, as float32, nulls and unknown texts as NaN."""
    if transport == "pandas":
        monkeypatch.setattr(scoring, "_arrow_udf", lambda: None)
    seen = matrix(rows, ["list", *NUMBERS, "text"], categorical={"text": TEXTS})
    i = np.arange(3000)
    expected = np.column_stack(
        [
            np.where(i % 11 == 3, np.nan, i),
            np.full(3000, np.nan),
            np.where(i % 11 == 3, np.nan, -i),
            i,
            np.where(i % 50 == 7, np.nan, i / 7),
            i % 3 == 0,
            i * 0.25,
            15706 + i % 300,
            seen[:, 8],
            np.where(i % 5 < 3, i % 5, np.nan),
        ]
    ).astype("float32")
    np.testing.assert_array_equal(seen.astype("float32"), expected)
    assert np.ptp(seen[:, 8]) == pytest.approx(2999 * 3600, abs=128)


@pytest.mark.parametrize("unrolled", [0, 1000])
@pytest.mark.parametrize("transport", ["arrow", "pandas"])
def test_vectors_dense_sparse_and_missing(vectors, monkeypatch, transport, unrolled):
    """A sparse vector's zeros are zeros, a missing vector is a row of NaN; long ones travel in their parts."""
    monkeypatch.setattr(vector, "WIDEST_SCORED_DENSE", unrolled)
    if transport == "pandas":
        monkeypatch.setattr(scoring, "_arrow_udf", lambda: None)
    seen = matrix(vectors, "v")
    rows = [([i, i + 0.5, -i], [0, i, 0], [np.nan] * 3, [0] * 3)[i % 4] for i in range(40)]
    np.testing.assert_array_equal(seen, rows)


def test_the_matrix_is_that_of_collect_sample(rows):
    """collect_sample and predict give the model the same values."""
    from airflow_spark_guard.job import collect_sample

    features = ["id", "ratio", "third", "price"]
    sample = collect_sample(rows, features, seed=1, nulls="nan")
    for dtype in ("float32", "float64"):
        sample = collect_sample(rows, features, seed=1, nulls="nan", dtype=dtype)
        np.testing.assert_array_equal(matrix(rows, features, dtype=dtype), sample.X)


@pytest.mark.parametrize("transport", ["arrow", "pandas"])
def test_a_boosted_model_scores_as_on_the_driver(rows, monkeypatch, transport):
    """HistGradientBoostingRegressor gives the same numbers to the last bit, and the columns stay."""
    if transport == "pandas":
        monkeypatch.setattr(scoring, "_arrow_udf", lambda: None)
    x = matrix(rows, NUMBERS).astype("float32")
    model = HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(x, x[:, 0])
    scored = predict(model, rows, NUMBERS, output="score")
    assert scored.columns == [*rows.columns, "score"]
    assert dict(scored.dtypes)["score"] == "double"
    got = np.array([row.score for row in scored.select("score").collect()])
    np.testing.assert_array_equal(got, model.predict(x))


@pytest.mark.parametrize("transport", ["arrow", "pandas"])
def test_a_classifier_gives_its_text_and_its_probabilities(rows, monkeypatch, transport):
    """Labels of text become a text column, predict_proba an array of doubles."""
    if transport == "pandas":
        monkeypatch.setattr(scoring, "_arrow_udf", lambda: None)
    x = matrix(rows, ["id", "third"]).astype("float32")
    labels = np.where(x[:, 0] < 1000, "low", "high")
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(x, labels)
    scored = predict(model, rows, ["id", "third"])
    scored = predict(model, scored, ["id", "third"], output="p", method="predict_proba")
    assert dict(scored.dtypes)["prediction"] == "string"
    assert dict(scored.dtypes)["p"] == "array<double>"
    got = scored.select("prediction", "p").collect()
    assert [row.prediction for row in got] == list(model.predict(x))
    np.testing.assert_array_equal([row.p for row in got], model.predict_proba(x))


@pytest.mark.parametrize("transport", ["arrow", "pandas"])
def test_a_model_that_takes_columns_by_name_gets_a_frame(rows, monkeypatch, transport):
    """as_frame gives it names and categories, and the scores are those of the driver; without it, it is refused."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from airflow_spark_guard.job import collect_sample

    if transport == "pandas":
        monkeypatch.setattr(scoring, "_arrow_udf", lambda: None)
    known = rows.where("text IN ('a', 'b', 'c')").selectExpr("*", "array(day, DATE'2013-01-01') AS days")
    features = ["id", "text", "days"]
    sample = collect_sample(known, features, seed=1)
    frame = sample.to_pandas()
    columns = ColumnTransformer([("text", OneHotEncoder(), ["text"])], remainder="passthrough")
    model = make_pipeline(columns, LinearRegression()).fit(frame, frame["id"] + frame["days_0"])
    options = {"categorical": sample.report.categories}
    with pytest.raises(SampleError, match="^The model takes its columns by name"):
        predict(model, known, features, **options)
    scored = predict(model, known, features, as_frame=True, **options).select("prediction").collect()
    np.testing.assert_allclose([row.prediction for row in scored], model.predict(frame), rtol=1e-6)


def test_an_empty_frame_has_the_column(rows):
    """No rows give no scores, and the schema is the same."""
    assert predict(Sum(), rows.where("false"), ["id", "price"]).select("prediction").collect() == []


def test_only_features_go_to_python(rows):
    """The plan's Python step reads the features alone; the rest of the row stays in the JVM."""
    plan = predict(Sum(), rows, ["id", "price"])._jdf.queryExecution().executedPlan().toString()
    step = next(line for line in plan.splitlines() if "EvalPython" in line)
    assert "dotted.name" not in step.split("[", 2)[1]


def test_blocks_are_bounded(spark, rows):
    """Of a matrix of more bytes than a block may have, the model sees several blocks."""
    layout = scoring_worker.Scoring((), 1 << 20, "float32", scoring_worker.NUMBER, "predict")
    assert layout.block_rows() == 16
    wide = rows.limit(100).selectExpr("SEQUENCE(1, 1000000) AS list").coalesce(1)

    class Rows:
        def predict(self, x):
            assert x.shape[1] == 1000000
            return np.full(len(x), float(len(x)))

    got = predict(Rows(), wide.limit(20), "list").select("prediction").collect()
    assert max(row.prediction for row in got) <= 16.0


def test_a_worker_uses_one_thread_for_each_of_its_cores(spark, rows):
    """OpenMP and BLAS are limited to the task's cores inside the model's method."""

    import sklearn.utils._openmp_helpers as helpers

    class Threads:
        # Pickled with the model, as the libraries of a real one are.
        count = staticmethod(helpers._openmp_effective_n_threads)

        def predict(self, x):
            return np.full(len(x), float(self.count()))

    got = predict(Threads(), rows, ["id"]).select("prediction").distinct().collect()
    assert [row.prediction for row in got] == [1.0]


REFUSED = [
    ({"features": ["idd"]}, "The DataFrame has no column 'idd'"),
    ({"features": ["text"]}, "Column 'text' is text, and its codes are not known"),
    ({"output": "RATIO"}, "The DataFrame has a column 'RATIO' already"),
    ({"method": "predict_proba"}, "The model has no method 'predict_proba'"),
    ({"features": ["id"]}, "The model was fitted on another number of features"),
    ({"dtype": "int8"}, "This dtype is not known"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refused_before_anything_runs(rows, options, message):
    """What cannot work is said when predict is called."""
    with pytest.raises(SampleError, match=message) as caught:
        predict(Sum(), rows, **{"features": ["id", "ratio"], **options})
    assert caught.value.advice


def test_another_order_of_features_is_refused(rows):
    """A model that knows its features' names does not take them in another order."""
    import pandas as pd

    model = LinearRegression().fit(pd.DataFrame({"id": [1, 2], "price": [3, 4]}), [1, 2])
    with pytest.raises(SampleError, match="stand in another order than in training"):
        predict(model, rows, ["price", "id"])
    assert predict(model, rows, ["id", "price"]).select("prediction").first() is not None


def test_arrays_of_different_lengths_are_an_error(spark):
    """The message of the worker names the column and both lengths."""
    frame = spark.createDataFrame([([1.0, 2.0],), ([1.0, 2.0, 3.0],)], "list array<double>")
    from pyspark.errors import PythonException

    with pytest.raises(PythonException, match="arrays of column 'list' differ in length"):
        predict(Sum(), frame, "list").collect()


def test_a_result_that_fits_no_column_is_refused(rows):
    """A list of matrices, as multi-output classifiers give, is refused before the job."""

    class Cube:
        def predict(self, x):
            return np.zeros((len(x), 2, 2))

    with pytest.raises(SampleError, match="fits into no column"):
        predict(Cube(), rows, "id")


def test_a_model_that_cannot_be_pickled_is_refused(rows):
    """What cannot travel is said on the driver."""
    import threading

    class Locked(Echo):
        def __init__(self):
            self.lock = threading.Lock()

    with pytest.raises(SampleError, match="cannot be sent to the executors"):
        predict(Locked(), rows, "id")


def test_vectors_of_a_file_pass_by(vectors, spark, tmp_path):
    """A vector read from Parquet is scored, and stays in its row beside other features' scores."""
    vectors.write.parquet(str(tmp_path / "vectors"))
    frame = spark.read.parquet(str(tmp_path / "vectors"))
    rows = [([i, i + 0.5, -i], [0, i, 0], [np.nan] * 3, [0] * 3)[i % 4] for i in range(40)]
    np.testing.assert_array_equal(matrix(frame, "v"), rows)
    assert predict(Echo(), frame, "i").where("v IS NOT NULL").count() == 30
