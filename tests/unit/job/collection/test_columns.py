"""Which columns become features, and the whole message where one cannot."""

from __future__ import annotations

import json

import pytest
from pyspark.ml.linalg import VectorUDT
from pyspark.mllib.linalg import VectorUDT as OlderVectorUDT
from pyspark.sql import types as t

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.columns import KINDS, Columns, check_columns, check_name
from airflow_spark_guard.job.collection.kinds.array import NumberArray
from airflow_spark_guard.job.collection.kinds.number import Number
from airflow_spark_guard.job.collection.kinds.text import Text
from airflow_spark_guard.job.collection.kinds.vector import Vector

POSSIBLE = "a number, boolean, decimal, date, timestamp, text, array of numbers or ML vector"


def schema(**types):
    return t.StructType([t.StructField(name, data_type) for name, data_type in types.items()])


PLAIN = schema(id=t.LongType(), ratio=t.DoubleType(), text=t.StringType(), flag=t.BooleanType())


def refusal(*arguments, **named):
    with pytest.raises(SampleError) as caught:
        check_columns(*arguments, **named)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data_type", "kind", "name", "width"),
    [
        (t.ByteType(), Number, "tinyint", 1),
        (t.ShortType(), Number, "smallint", 1),
        (t.IntegerType(), Number, "int", 1),
        (t.LongType(), Number, "bigint", 1),
        (t.FloatType(), Number, "float", 1),
        (t.DoubleType(), Number, "double", 1),
        (t.DecimalType(9, 2), Number, "decimal(9,2)", 1),
        (t.BooleanType(), Number, "boolean", 1),
        (t.DateType(), Number, "date", 1),
        (t.TimestampType(), Number, "timestamp", 1),
        (t.TimestampNTZType(), Number, "timestamp_ntz", 1),
        (t.StringType(), Text, "string", 1),
        (t.VarcharType(5), Text, "varchar(5)", 1),
        (t.CharType(5), Text, "char(5)", 1),
        (t.ArrayType(t.IntegerType()), NumberArray, "array<int>", None),
        (t.ArrayType(t.BooleanType()), NumberArray, "array<boolean>", None),
        (VectorUDT(), Vector, "vector", None),
        (OlderVectorUDT(), Vector, "vector", None),
    ],
)
def test_each_supported_type_has_its_kind(data_type, kind, name, width):
    """Numbers, text, arrays of numbers and vectors; the width of the last two is not in the type."""
    columns = check_columns(schema(a=data_type), "a")
    assert columns.features == (kind("a", name, None, width),)


def test_features_come_first_and_then_the_label():
    """all() is in the order asked for."""
    columns = check_columns(PLAIN, ["text", "id"], "flag")
    assert [column.name for column in columns.all()] == ["text", "id", "flag"]
    assert Columns(columns.features).all() == columns.features


def test_categories_are_kept_in_their_order():
    """For features and label alike."""
    columns = check_columns(
        schema(a=t.StringType(), b=t.StringType(), n=t.LongType()),
        ["a", "n"],
        "b",
        {"a": ["z", "y"], "b": ("no", "yes")},
    )
    assert [column.categories for column in columns.all()] == [("z", "y"), None, ("no", "yes")]


def vector_field(metadata):
    return t.StructType([t.StructField("v", VectorUDT(), metadata=metadata)])


@pytest.mark.parametrize(
    ("metadata", "width", "names"),
    [
        ({}, None, ("v_0", "v_1", "v_2")),
        ({"ml_attr": {}}, None, ("v_0", "v_1", "v_2")),
        ({"ml_attr": {"num_attrs": 0}}, None, ("v_0", "v_1", "v_2")),
        ({"ml_attr": {"num_attrs": 3}}, 3, ("v_0", "v_1", "v_2")),
        (
            {
                "ml_attr": {
                    "num_attrs": 3,
                    "attrs": {
                        "numeric": [{"idx": 2, "name": "c"}, {"idx": 0, "name": "a"}],
                        "binary": [{"idx": 1}],
                    },
                }
            },
            3,
            ("a", "v_1", "c"),
        ),
    ],
)
def test_metadata_of_vectors_tell_width_and_names(metadata, width, names):
    """What VectorAssembler wrote; what it did not name is numbered after the column."""
    (column,) = check_columns(vector_field(metadata), "v").features
    assert column.width == width
    assert column.feature_names(3) == names


def test_every_kind_becomes_a_dictionary_and_comes_back():
    """Ready for JSON: with categories, widths and names; of a kind that does not exist it is an error."""
    schema_of_all = t.StructType(
        [
            t.StructField("n", t.DateType()),
            t.StructField("s", t.StringType()),
            t.StructField("a", t.ArrayType(t.LongType())),
            t.StructField("v", VectorUDT(), metadata={"ml_attr": {"num_attrs": 1, "attrs": {"x": [{"idx": 0, "name": "b"}]}}}),
            t.StructField("y", t.StringType()),
        ]
    )  # fmt: skip
    columns = check_columns(schema_of_all, ["n", "s", "a", "v"], "y", {"y": ["no", "yes"]})
    assert {type(column) for column in columns.features} == set(KINDS)
    about = json.loads(json.dumps(columns.as_dict()))
    assert Columns.from_dict(about) == columns
    assert about["features"][0] == {
        "kind": "number", "name": "n", "type": "date", "categories": None, "width": 1, "names": {},
    }  # fmt: skip
    assert [feature["kind"] for feature in about["features"]] == ["number", "text", "array", "vector"]
    with pytest.raises(KeyError):
        Columns.from_dict({"features": [{"kind": "none"}], "label": None})


def test_names_of_numbers_and_arrays():
    """A number has its own name, an array numbers its values."""
    assert Number("a", "int").feature_names(1) == ("a",)
    assert NumberArray("a", "array<int>", None, None).feature_names(2) == ("a_0", "a_1")


@pytest.mark.parametrize("features", [[], (), None, 5])
def test_no_features_are_refused(features):
    """An empty list, or what is no list, is told, with what there is."""
    assert refusal(PLAIN, features) == (
        "No features to collect.\n"
        f"  got: {features!r}\n"
        "  expected: names of columns of numbers, dates, text, arrays of numbers or vectors\n"
        "  do: Choose among the columns: id, ratio, text, flag."
    )


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ratoi", "Did you mean 'ratio'?"),
        ("Flag", "Did you mean 'flag'?"),
        ("zzz", "Correct the name, or add the column first."),
        (7, "Correct the name, or add the column first."),
    ],
)
def test_an_unknown_column_gets_the_nearest_name(name, advice):
    """With all that exist, and the nearest one if any is near."""
    assert refusal(PLAIN, ["id", name]) == (
        f"The DataFrame has no column {name!r}.\n"
        f"  got: {name!r}\n"
        "  expected: one of: id, ratio, text, flag\n"
        f"  do: {advice}"
    )


def test_an_unknown_label_is_refused_likewise():
    """The label's name is checked as those of the features are."""
    assert refusal(PLAIN, ["id"], "lable").startswith("The DataFrame has no column 'lable'.\n")


def test_two_columns_of_one_name_are_refused():
    """As a join leaves them."""
    with pytest.raises(SampleError) as caught:
        check_name(["a", "b", "a"], "a")
    assert str(caught.value) == (
        "The DataFrame has several columns named 'a'.\n"
        "  got: a, b, a\n"
        "  expected: one column of that name\n"
        "  do: Drop or rename one of them; after a join, join on the name instead of an expression."
    )


def test_a_feature_named_twice_is_refused():
    """Repetition is an error, not a copy."""
    assert refusal(PLAIN, ["id", "ratio", "id"]) == (
        "Column 'id' is asked for twice.\n"
        "  got: id, ratio, id\n"
        "  expected: features without repetition\n"
        "  do: Name it once."
    )


def test_the_label_is_no_feature():
    """The answer among the features is an error of its own."""
    assert refusal(PLAIN, ["id", "ratio"], "id") == (
        "The label 'id' is among the features.\n"
        "  got: id, ratio\n"
        "  expected: features without the label\n"
        "  do: Take it out of the features: the model would read the answer."
    )


TO_TEXT = "Turn it into a number or a text first."
ARRAY = "Make it an array of numbers first, for example with transform or flatten."
MAP = "Select its values into columns of their own: df.select(col('a')['key'])."
STRUCT = "Select its fields into columns of their own: df.select('a.*')."
A_MAP = t.MapType(t.StringType(), t.IntegerType())


@pytest.mark.parametrize(
    ("data_type", "got", "advice"),
    [
        (t.ArrayType(A_MAP), "a.element: map<string,int>", ARRAY),
        (t.ArrayType(t.ArrayType(t.DoubleType())), "a.element: array<double>", ARRAY),
        (t.ArrayType(t.ArrayType(t.ArrayType(A_MAP))), "a.element.element.element: map<string,int>", ARRAY),
        (t.ArrayType(t.StringType()), "a.element: string", ARRAY),
        (A_MAP, "a: map<string,int>", MAP),
        (schema(x=t.LongType(), y=t.DoubleType()), "a: struct<x:bigint,y:double>", STRUCT),
        (schema(x=t.LongType(), y=schema(z=t.BinaryType())), "a.y.z: binary", STRUCT),
        (t.BinaryType(), "a: binary", "Decode it into numbers or text first."),
        (t.DayTimeIntervalType(), "a: interval day to second", TO_TEXT),
        (t.NullType(), "a: void", TO_TEXT),
    ],
)
def test_unsupported_types_are_named_with_their_path(data_type, got, advice):
    """The innermost type that is in the way, and what to do with the outermost."""
    assert refusal(schema(a=data_type), "a") == (
        "Column 'a' has a type that cannot become features.\n"
        f"  got: {got}\n"
        f"  expected: {POSSIBLE}\n"
        f"  do: {advice}"
    )


@pytest.mark.parametrize(
    ("data_type", "got"), [(VectorUDT(), "vector"), (t.ArrayType(t.FloatType()), "array<float>")]
)
def test_a_label_is_one_value(data_type, got):
    """Arrays and vectors are features alone."""
    assert refusal(schema(a=t.LongType(), b=data_type), "a", "b") == (
        "Column 'b' cannot be the label.\n"
        f"  got: {got}\n"
        "  expected: one number, date, boolean or text per row\n"
        "  do: Select the element to learn into a column of its own."
    )


@pytest.mark.parametrize(
    "texts",
    [[], ["x", "y", "x"], ["x", 1], "xyz", ["x", None]],
    ids=["none", "twice", "number", "str", "null"],
)
def test_categories_are_different_texts(texts):
    """Repeated ones, other types and a bare text are refused."""
    assert refusal(PLAIN, "text", None, {"text": texts}) == (
        "The categories of 'text' cannot be used.\n"
        f"  got: {texts!r}\n"
        "  expected: different texts, in the order of their codes\n"
        "  do: Pass those of an earlier sample: categorical=sample.report.categories."
    )


@pytest.mark.parametrize(
    ("named", "got"),
    [("id", "bigint"), ("text", "no feature and not the label"), ("zzz", "no feature and not the label")],
)
def test_categories_belong_to_text_of_the_collection(named, got):
    """A number, a column not collected, and a name that does not exist."""
    assert refusal(PLAIN, "id", None, {named: ["x"]}) == (
        f"categorical names {named!r}, which is not a text column of this collection.\n"
        f"  got: {got}\n"
        "  expected: names of text columns among the features, or of a text label\n"
        "  do: Take it out of categorical; numbers are taken as they are."
    )
