"""Secrets in a list of arguments."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.text.argument_words import masked_words, secrets_in_words
from airflow_spark_guard.core.text.known_secrets import KNOWN


@pytest.mark.parametrize(
    ("words", "shown", "secrets"),
    [
        (["-password", "x"], "-password ******", ["x"]),
        (["password", "x"], "password ******", ["x"]),
        (["password:", "x y"], "password: ******", ["x y"]),
        (["/secret", "x"], "/secret ******", ["x"]),
        (["/secret:x"], "/secret:******", ["x"]),
        (["--db.pass", "x", "y"], "--db.pass ****** y", ["x"]),
        (["--user-pw=x y"], "--user-pw=******", ["x y"]),
        (["--jwt", "x"], "--jwt ******", ["x"]),
        (["--password", "'a b'"], "--password ******", ["a b"]),
        (["--PASSWORD", "-x"], "--PASSWORD ******", []),
        (["-Dpass=x"], "-Dpass=******", ["x"]),
        (["scott/tiger@"], "scott/******@", ["scott/tiger@"]),
        (["scott/tiger@db"], "scott/******@db", ["scott/tiger@db"]),
        (["scott/tiger@//h:1521/x"], "scott/******@//h:1521/x", ["scott/tiger@//h:1521/x"]),
        (["--conf", "spark.x.password=abc"], "--conf spark.x.password=******", ["abc"]),
        (["--url", "jdbc:x://u:pw@h"], "--url jdbc:x://u:******@h", ["pw"]),
        (["--json", '{"token": "abc", "n": 1}'], '--json {"token": "******", "n": 1}', ["abc"]),
        (["-H", "Authorization: Bearer abc"], "-H Authorization: ******", ["Bearer abc"]),
        (["run --db-password abc --n 5"], "run --db-password ****** --n 5", ["abc"]),
        (["scott:tiger@host"], "scott:******@host", ["scott:tiger@host"]),
        (["-u", "me:pw", "--user", "1000:1000"], "-u me:****** --user 1000:1000", ["pw"]),
        (["--token-file", "/x/y", "--secret.path=/z"], "--token-file ****** --secret.path=******", []),
        (["image:1.2@sha256:abc", "--proxy-user", "me"], "image:1.2@sha256:abc --proxy-user me", []),
        (["--token", "--n", "5"], "--token --n 5", []),
        (["--n", "5", "--token"], "--n 5 --token", []),
        (["--max-tokens", "512", "--tokenizer", "bert"], "--max-tokens 512 --tokenizer bert", []),
        (["--bypass", "a", "passenger", "b"], "--bypass a passenger b", []),
        (["org/repository@v1", "data/a/b@c", "s3://b/x@y", "a@b.c"], "org/repository@v1 data/a/b@c s3://b/x@y a@b.c", []),
        (["/opt/secret/app.py", "C:\\x", ""], "/opt/secret/app.py C:\\x ", []),
    ],
)  # fmt: skip
def test_a_name_marks_the_next_word_or_the_rest_of_its_own(words, shown, secrets):
    """Whatever stands before the name; an option without a value takes none from the next."""
    assert masked_words(words) == shown
    assert secrets_in_words(words) == secrets


def test_known_values_are_masked_as_well():
    """Without a name."""
    with KNOWN.at_work():
        KNOWN.learn(["hunter2"])
        assert masked_words(["positional", "x-hunter2"]) == "positional x-******"


def test_behind_an_empty_value_the_next_word_is_masked():
    """It is the value where a blank was too many."""
    assert masked_words(["--password", "", "hunter2", "x"]) == "--password  ****** x"
    assert masked_words(["--password", "", "--next", "x"]) == "--password  --next x"
