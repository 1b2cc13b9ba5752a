"""Samples against the source that they were drawn from, on a real Spark."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.representativeness.comparison import Drawn, compare, judge
from airflow_spark_guard.job.collection.representativeness.deviation import Figure

pytestmark = pytest.mark.spark
FEATURES = ["distance", "delay", "carrier", "origin"]


@pytest.fixture(scope="module")
def spark_conf():
    return {}


@pytest.fixture(scope="module")
def frame():
    """12,000 rows: numbers with nulls and a heavy tail, texts, and a rare label."""
    rng = np.random.default_rng(1)
    count = 12_000
    delay = rng.lognormal(1, 1.5, count)
    delay[rng.uniform(size=count) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "distance": rng.integers(100, 3000, count),
            "delay": delay,
            "carrier": rng.choice(["UA", "WN", "DL", None], count, p=[0.5, 0.3, 0.15, 0.05]),
            "origin": [f"A{code}" for code in np.minimum(rng.zipf(1.4, count), 200)],
            "late": (rng.uniform(size=count) < 0.03).astype(int),
        }
    )


@pytest.fixture(scope="module")
def source(spark, frame):
    """The same as a cached DataFrame in Spark."""
    rows = frame.astype(object).where(frame.notna(), None)
    df = spark.createDataFrame(
        list(rows.itertuples(index=False)),
        "distance int, delay double, carrier string, origin string, late int",
    ).cache()
    yield df
    df.unpersist()


def sample_of(frame, weights=None, nulls="nan"):
    """These rows as a collection gives them: codes for texts, float32, NaN for null."""
    parts, categories = [], {}
    for name in FEATURES:
        values = frame[name]
        if values.dtype == object:
            coded = pd.Categorical(values)
            categories[name] = tuple(coded.categories)
            values = np.where(coded.codes < 0, np.nan, coded.codes)
        parts.append(np.asarray(values, dtype="float32"))
    label = frame["late"].to_numpy("float32")
    return np.column_stack(parts), label, tuple(FEATURES), weights, categories, nulls


def compared(source, sample):
    return compare(source, Drawn(check_columns(source.schema, FEATURES, "late"), *sample))


def test_the_source_itself_stands_without_any_deviation(source, frame):
    """All rows, in another order: not one figure is off by anything."""
    result = compared(source, sample_of(frame.sample(frac=1, random_state=3)))
    assert result.stands
    assert max(abs(row.errors) for row in result.rows) <= 1
    assert {row.errors for row in result.rows if row.kind != "quantile"} == {0.0}
    assert list(result.by_column()) == [*FEATURES, "late"]


def test_a_fair_sample_stands(source, frame):
    """Ten seeds, ten times the same verdict; what it compares are the figures that pandas gives."""
    for seed in range(10):
        drawn = frame.sample(1500, random_state=seed)
        result = compared(source, sample_of(drawn))
        assert result.stands, str(result)
    found = {(row.column, row.figure): row for row in result.rows}
    assert found["delay", "mean"].source == pytest.approx(frame["delay"].mean())
    assert found["delay", "mean"].sample == pytest.approx(drawn["delay"].mean(), rel=1e-6)
    assert found["delay", "nulls"].sample == pytest.approx(drawn["delay"].isna().mean())
    share = (frame["carrier"] == "WN").sum() / frame["carrier"].notna().sum()
    assert found["carrier", "share of 'WN'"].source == pytest.approx(share)
    assert result.verdict == (
        f"stands for the source: {len(result.rows)} figures of 5 columns within {result.limit:.1f} expected errors"
    )


def test_the_first_rows_of_a_sorted_source_differ(source, frame):
    """What limit() takes of sorted data is no sample: the verdict names the column first that it is sorted by."""
    result = compared(source, sample_of(frame.sort_values("distance").head(1500)))
    assert not result.stands
    assert result.verdict.startswith("differs from the source in: distance (")
    assert result.verdict.count("expected errors") == 1


def test_a_missing_category_is_named(source, frame):
    """A carrier that never comes is named, though no row of the sample has it."""
    result = compared(source, sample_of(frame[frame["carrier"] != "DL"].sample(1500, random_state=1)))
    assert not result.stands
    assert "carrier (share of 'DL' 0 instead of 0.15" in result.verdict


def test_dropped_nulls_are_no_deviation(source, frame):
    """With nulls='drop' the source is what remains of it: complete rows stand, and are no nulls less."""
    drawn = frame.dropna().sample(1500, random_state=1)
    assert compared(source, sample_of(drawn, nulls="drop")).stands
    lossy = compared(source, sample_of(drawn, nulls="nan"))
    assert not lossy.stands
    assert "delay (nulls 0 instead of 0.1" in lossy.verdict


def test_a_balanced_sample_stands_with_its_weights_alone(source, frame):
    """Half late flights of 3 %: with the weights it stands for the source, without them it differs in the label."""
    late, rest = frame[frame["late"] == 1], frame[frame["late"] == 0]
    drawn = pd.concat([late.sample(200, random_state=1), rest.sample(200, random_state=1)])
    weights = np.repeat([len(late) / 200, len(rest) / 200], 200)
    assert compared(source, sample_of(drawn, weights)).stands
    # Only their proportions matter.
    assert compared(source, sample_of(drawn, weights / weights.mean())).stands
    assert compared(source, sample_of(drawn)).verdict.startswith("differs from the source in: late (mean 0.5")


def test_sparse_features_are_compared_up_to_the_fiftieth(spark):
    """A sparse matrix of 80 features: the first 50 are compared, and the result says so."""
    from pyspark.ml.linalg import Vectors
    from scipy.sparse import csr_matrix

    rng = np.random.default_rng(2)
    dense = np.where(rng.uniform(size=(400, 80)) < 0.05, rng.normal(size=(400, 80)), 0.0)
    rows = [(Vectors.sparse(80, {int(i): float(row[i]) for i in np.flatnonzero(row)}),) for row in dense]
    df = spark.createDataFrame(rows, ["v"])
    names = tuple(f"v_{i}" for i in range(80))
    rows = csr_matrix(dense[:200].astype("float32"))
    result = compare(df, Drawn(check_columns(df.schema, "v"), rows, None, names, None, {}, "nan"))
    assert result.stands, str(result)
    assert result.left_out == 30
    assert result.verdict.endswith("; 30 further features not compared")
    assert len(result.by_column()) == 50


def test_a_text_label_is_compared_by_its_shares(source, frame):
    """A label of texts comes as codes in y: fair rows stand, rows of one carrier alone differ in the label."""
    columns = check_columns(source.schema, ["distance"], "carrier")
    known = frame.dropna()
    for drawn, stands in (
        (known.sample(800, random_state=1), True),
        (known[known["carrier"] == "UA"], False),
    ):
        coded = pd.Categorical(drawn["carrier"], categories=["DL", "UA", "WN"])
        distance = drawn[["distance"]].to_numpy("float32")
        texts = {"carrier": ("DL", "UA", "WN")}
        drawn_too = Drawn(columns, distance, coded.codes, ("distance",), None, texts, "drop")
        result = compare(source, drawn_too)
        assert result.stands is stands
    assert "carrier (share of 'UA' 1 instead of 0.5" in result.verdict


def test_an_empty_source_has_nothing_to_compare(source, frame):
    """No rows on one side are no fair draw; the message says on which."""
    with pytest.raises(SampleError) as caught:
        compared(source.where("distance < 0"), sample_of(frame.head(10)))
    assert str(caught.value) == (
        "There is nothing to compare.\n"
        "  got: 0 rows that could have been drawn, and 10 in the sample\n"
        "  expected: at least one of each\n"
        "  do: Pass the DataFrame that the sample was collected from."
    )


def figure(column="a", errors=0.0, kind="mean", name="mean"):
    return Figure(column, kind, name, 1.5, 2.0, 0.25, errors)


def test_columns_that_differ_are_named_worst_first_and_five_at_most():
    """Each with its worst figure; the others are counted."""
    rows = [figure(f"c{i}", 10.0 + i) for i in range(7)] + [figure("c6", -40.0, "quantile", "25 %")]
    result = judge([*rows, figure("same", 1.0)], 8)
    assert result.verdict.startswith(
        "differs from the source in: c6 (25 % 2 instead of 1.5, 40.0 expected errors), c5 (mean 2 instead of 1.5,"
    )
    assert result.verdict.endswith(" and 2 more columns")


def test_the_result_becomes_json_without_nan():
    """What is no finite number becomes None, which every JSON reader takes."""
    result = judge([figure(errors=math.inf), Figure("b", "mean", "mean", math.nan, 1.0, 0.0, 0.0)], 2)
    read = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert read["stands"] is False
    assert read["rows"][0]["errors"] is None
    assert read["rows"][1]["source"] is None
    assert "a (mean 2 instead of 1.5, not by chance)" in read["verdict"]


def test_the_table_shows_each_columns_worst_figure():
    """Verdict first, then a line per column, worst first, marked where it is off."""
    result = judge([figure("a", 0.5), figure("a", -1.0, "quantile", "5 %"), figure("b", 9.0)], 2)
    assert str(result).splitlines() == [
        "differs from the source in: b (mean 2 instead of 1.5, 9.0 expected errors)",
        "   column  worst figure  source  sample  errors",
        "!  b       mean             1.5       2    +9.0",
        "   a       5 %              1.5       2    -1.0",
    ]


def test_names_of_the_data_cannot_act_on_a_log():
    """Line ends and escapes in names and texts appear neither in the verdict nor in the table."""
    result = judge([figure("a\nERROR fake\x1b[2J", 9.0, "share", "share of 'x\r\ny'")], 1)
    assert "\n" not in result.verdict
    assert len(str(result).splitlines()) == 3
    assert "\x1b" not in str(result)


def test_nothing_to_compare_stands():
    """No figures, no difference."""
    assert str(judge([], 0)).startswith("stands for the source: 0 figures of 0 columns")


def test_the_result_draws_itself(tmp_path):
    """plot() gives a figure, and writes it where the caller wants it."""
    judge([figure()], 1).plot(str(tmp_path / "a.png"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
