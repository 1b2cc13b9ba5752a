import random

import pytest

from airflow_spark_guard.core.conf.properties import parse, render, spark_properties
from airflow_spark_guard.core.errors import ConfError

ALPHABET = "ab.Z09 \t\n\r\f\\=:#!\"'ué漢😀\u2028\x85\ud800,;$%-{}"
BLANKS = "".join(chr(code) for code in range(33) if chr(code) not in "\r\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b", {"a": "b"}),
        ("a b", {"a": "b"}),
        ("a: b", {"a": "b"}),
        ("  a \t=  b  ", {"a": "b"}),
        ("a   b c", {"a": "b c"}),
        ("a==b", {"a": "=b"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("a=1\na=2", {"a": "2"}),
        ("# x=1\n  ! y=2\n\n \t\nz=3", {"z": "3"}),
        ("a=b#c", {"a": "b#c"}),
        ("a=one,\\\n   two", {"a": "one,two"}),
        ("a=one,\\\r\n\ttwo\r\nb=1", {"a": "one,two", "b": "1"}),
        ("a=x\\\\\nb=1", {"a": "x\\", "b": "1"}),
        ("a=x\\\n", {"a": "x"}),
        ("a=x\\", {"a": "x"}),
        ("a=x\\\n# no comment", {"a": "x# no comment"}),
        ("\\\n", {}),
        ("a\\ b\\=c=d", {"a b=c": "d"}),
        ("a=\\u0041\\t\\q\\ud83d\\ude00", {"a": "A\tq😀"}),
        ("a=1\\n2", {"a": "1\n2"}),
        ("a=x\u2028b=y", {"a": "x\u2028b=y"}),
        ("\ufeffa=b", {"a": "b"}),
        ("a\\", {"a": ""}),
        ("", {}),
    ],
)
def test_a_file_is_read_as_java_reads_it(text, expected):
    """Separators, comments, continuation lines and escapes are those of java.util.Properties."""
    assert parse(text) == expected


def test_a_broken_unicode_escape_is_an_error():
    """Java refuses the whole file."""
    with pytest.raises(
        ConfError, match=r"(?s)a \\u escape that is not valid.*got: \\u12\n.*Write a literal backslash twice"
    ):
        parse("a=\\u12")


def test_line_ends_and_backslashes_of_a_value_survive():
    """A value of several lines is one line in the file."""
    conf = {"spark.executor.extraJavaOptions": "-Da=C:\\new\n-Db=2", "spark.x": "#!=: é"}
    assert len(render(conf).splitlines()) == 2
    assert parse(render(conf)) == conf


def test_spark_trims_blanks_but_not_line_ends():
    """The only change on the way there and back."""
    assert parse(render({"a": " \t b \n"})) == {"a": "b \n"}


def test_what_is_rendered_can_be_read_again():
    """There and back, for random keys and values, as bytes of UTF-8."""
    pick = random.Random(7)  # noqa: S311 - test data
    for _ in range(2000):
        conf = {
            "".join(pick.choices(ALPHABET, k=pick.randint(1, 8))): "".join(
                pick.choices(ALPHABET, k=pick.randint(0, 12))
            )
            for _ in range(pick.randint(0, 3))
        }
        text = render(conf).encode("utf-8").decode("utf-8")
        assert parse(text) == {key: value.strip(BLANKS) for key, value in conf.items()}


def test_spark_takes_its_own_keys_alone():
    """Lines of others are counted: comments and blank lines are none."""
    text = "# c\n\nspark.a b\nspark.a c\nsparky x\nroot:x:0\nfernet_key=\\\n  more\n spark.d : e\n"
    assert spark_properties(text) == ({"spark.a": "c", "spark.d": "e"}, 3)
