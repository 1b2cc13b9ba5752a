"""Requests and answers are checked strictly."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.live.request import (
    LONGEST_USER,
    Answer,
    Request,
    parse_answer,
    parse_request,
    user_name,
)

ID = "0123456789abcdef" * 2
REQUEST = Request(ID, "stacks", "alice", 1000.0)
FIELDS = json.loads(REQUEST.text())


def test_a_request_survives_its_file():
    """With its names."""
    assert parse_request(REQUEST.name, REQUEST.text().encode()) == REQUEST
    assert (REQUEST.name, REQUEST.sample_name) == (f"request-{ID}.json", f"sample-{ID}.txt")


@pytest.mark.parametrize(
    "fields",
    [
        {"v": 2},
        {"kind": "shell"},
        {"kind": ["end"]},
        {"id": "f" * 32},
        {"by": ""},
        {"by": 7},
        {"by": "x" * (LONGEST_USER + 1)},
        {"at": -1},
        {"at": True},
        {"at": 1e300},
        {"more": 1},
    ],
)
def test_any_other_field_or_value_is_refused(fields):
    """Nothing of it is repeated."""
    with pytest.raises(ValueError, match="valid|version"):
        parse_request(REQUEST.name, json.dumps({**FIELDS, **fields}).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{}" * 2000, b"[" * 1000, b'{"v":1,"v":1}'])
def test_what_is_no_request_is_refused(data):
    """Whatever it is."""
    with pytest.raises(ValueError, match=".+"):
        parse_request(REQUEST.name, data)


@pytest.mark.parametrize("name", ["request-.json", f"request-{ID}.json.new", f"../request-{ID}.json"])
def test_the_name_is_part_of_it(name):
    """Exactly."""
    with pytest.raises(ValueError, match="name"):
        parse_request(name, REQUEST.text().encode())


def test_an_answer_survives_its_file():
    """Texts are one line."""
    answer = Answer(REQUEST, "done", "It stands\nhere.", 1001.0, "a.py:3, f", has_sample=True)
    found = parse_answer(answer.name, json.dumps(answer.json()).encode())
    assert found == {**answer.json(), "text": "It stands here."}


@pytest.mark.parametrize("fields", [{"state": "x"}, {"state": []}, {"v": 0}, {"by": None}, {"at": "now"}])
def test_an_answer_of_another_shape_is_refused(fields):
    """The page must not show it."""
    data = json.dumps({**Answer(REQUEST, "done", "x", 1.0).json(), **fields}).encode()
    with pytest.raises(ValueError, match="valid|version"):
        parse_answer(f"answer-{ID}.json", data)


def test_a_users_name_is_one_printable_line():
    """And never empty."""
    assert user_name("bob\n\x1b[31m") == "bob [31m"
    assert user_name(None) == "a user without a name"
