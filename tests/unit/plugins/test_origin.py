"""A cookie alone changes nothing."""

from __future__ import annotations

import pytest

from airflow_spark_guard.plugins.origin import HEADER, refusal

OURS = {HEADER: "1", "origin": "https://airflow.example", "host": "airflow.example"}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer x"},
        {"authorization": "bearer x", "origin": "https://elsewhere"},
        OURS,
        {**OURS, "sec-fetch-site": "same-origin"},
        {**OURS, "host": "inside:8080"},
    ],
)
def test_our_page_and_a_token_are_accepted(headers):
    """A token is not sent by a browser of its own accord; a proxy may change the host."""
    assert refusal(headers, "https://airflow.example/prefix") == ""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": "_token=x"},
        {"authorization": "Basic x"},
        {**OURS, HEADER: ""},
        {**OURS, "origin": "https://elsewhere.example"},
        {**OURS, "origin": "null"},
        {**OURS, "origin": ""},
        {**OURS, "origin": "https://airflow.example.evil"},
        {**OURS, "origin": "https://airflow.example:444"},
        {**OURS, "sec-fetch-site": "same-site"},
        {**OURS, "sec-fetch-site": "cross-site"},
        {HEADER: "1", "origin": "https://x", "host": ""},
    ],
)
def test_all_else_is_refused_with_a_reason(headers):
    """One sentence."""
    assert refusal(headers).endswith(".")
