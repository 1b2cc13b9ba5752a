"""No value of the configuration changes on its way to Spark without a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.conf.carried import (
    apart,
    check_carried,
    has_blank_ends,
    lost_in_a_file,
)
from airflow_spark_guard.core.conf.effective_conf import ConfValue
from airflow_spark_guard.core.conf.properties import parse, render
from airflow_spark_guard.core.errors import ConfError


def check(key, value, origin="conf"):
    check_carried({key: ConfValue(value, origin)})


@pytest.mark.parametrize(
    "value", ["\t", "  x", "x ", " ", "\tx\t", " \n", "x\n ", "x\x0c", "\x01", " \u00fc ", "a=b ", " ${x}"]
)
def test_blanks_at_the_ends_take_the_command_line(value):
    """As a word of their own; nothing of the key is in the file."""
    check("spark.x", value)
    assert apart({"spark.a": "1", "spark.x": value}) == ({"spark.a": "1"}, ["--conf", f"spark.x={value}"])


@pytest.mark.parametrize("value", ["", "x", "a b", "x\n", "\nx", "\r\n", "\u00a0", "\u3000x", "\u2028"])
def test_what_spark_does_not_trim_stays_in_the_file(value):
    """Line ends and the blanks of Unicode among it."""
    check("spark.x", value)
    assert apart({"spark.x": value}) == ({"spark.x": value}, [])


@given(st.dictionaries(st.from_regex(r"spark\.[a-z]{1,9}", fullmatch=True), st.text(max_size=20), max_size=5))
def test_whatever_is_let_through_arrives(conf):
    """From file and command line together, as Spark reads them."""
    in_file, options = apart(conf)
    read = parse(render(in_file))
    read.update(word.split("=", 1) for word in options[1::2])
    assert read == conf


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("spark.hadoop.fs.s3a.secret.key", " geheim", "is a secret"),
        ("spark.my.password", "geheim ", "is a secret"),
        ("spark.my.url", "jdbc:x://u:geheim@h ", "is a secret"),
        ("spark.my.options", "password=geheim ", "is a secret"),
        ("spark.x", " a\rb", "a carriage return"),
        ("spark.x", " " * (128 << 10), "is too long"),
        ("spark.x", " \ud800", "is too long or not valid text"),
    ],
)
def test_what_cannot_take_the_command_line_either_is_refused_by_key(key, value, why):
    """The secret is shown nowhere."""
    with pytest.raises(ConfError) as caught:
        check(key, value, "connection team")
    assert f"connection team sets {key} to a value" in caught.value.what
    assert why in caught.value.what
    assert "geheim" not in str(caught.value)
    assert len(caught.value.got) < 100


def test_a_nul_is_refused_wherever_it_stands():
    """A process cannot be given it; what reads the file later may be one."""
    with pytest.raises(ConfError, match="^conf sets spark.x to a value .* has a NUL character") as caught:
        check("spark.x", "a\0b")
    assert caught.value.got == r"'a\x00b'"


def test_a_secret_without_blanks_at_its_ends_is_let_through():
    """It stands in the private file."""
    check("spark.my.password", "ge heim")
    assert not has_blank_ends("ge heim")


def test_what_spark_trims_itself_is_said():
    """In cluster mode it writes a properties file of its own."""
    conf = {"spark.x": ConfValue(" ", "conf"), "spark.y": ConfValue("y", "conf")}
    (note,) = lost_in_a_file(conf)
    assert "spark.x is lost" in note
    assert lost_in_a_file({"spark.y": ConfValue("y", "conf")}) == ()
