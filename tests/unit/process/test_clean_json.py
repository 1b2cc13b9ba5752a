"""JSON of a record is standard JSON, and safe to show."""

from __future__ import annotations

import json
from pathlib import Path

from airflow_spark_guard.process.clean_json import clean_json


def test_whatever_is_written_is_json():
    """Values that JSON does not have become null or text."""
    fields = {"a": float("nan"), "b": Path("/x"), "c": (1, None, True), 4: {"d": {"e"}}, "f": "x\x1b[2J"}
    assert json.loads(clean_json(fields)) == {
        "a": None, "b": "/x", "c": [1, None, True], "4": {"d": "{'e'}"}, "f": "x[2J",
    }  # fmt: skip


def test_secrets_are_masked_by_their_name_and_in_texts():
    """A number below a secret name is a figure."""
    text = clean_json({"password": "abcdef", "token_s": 3.5, "tokens": 3, "note": "token=abcdef"})
    assert "abcdef" not in text
    assert json.loads(text)["tokens"] == 3


def test_a_value_of_endless_depth_ends_as_text():
    """Twelve levels are written as they are."""
    value: list = []
    for _ in range(50):
        value = [value]
    assert "[[[[" in json.dumps(json.loads(clean_json({"a": value})))
