"""The keytab of a connection."""

from __future__ import annotations

import base64

import pytest

from airflow_spark_guard.core.errors import ConnectionMissingError
from airflow_spark_guard.core.keytab import keytab_of


@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
def test_base64_with_or_without_line_ends_is_read(encode):
    """``base64`` breaks its lines."""
    content = bytes(range(256))
    assert keytab_of("x", encode(content).decode()) == content


@pytest.mark.parametrize(
    ("text", "got"),
    [("a", "1 characters that are"), ("", "empty text"), ("öß", "2 characters that"), ({"a": 1}, "dict")],
)
def test_what_is_none_is_an_error_that_does_not_show_it(text, got):
    """The connection is named."""
    with pytest.raises(
        ConnectionMissingError,
        match=f"^The keytab in Airflow connection 'x' cannot be used.\n  got: {got}.*\n  expected: the keytab",
    ):
        keytab_of("x", text)
