"""Where a text holds a secret."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.text.secret_patterns import (
    begins_a_key,
    ends_a_key,
    is_plain,
    plain_name,
    secret_spans,
)

JWT = "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl"
GITHUB = "ghp_" + "a1B2" * 9
BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("https://a.blob.core.windows.net/c?sv=1&sig=ab%3D&se=2", ["ab%3D"]),
        ("sig=abcdefghijklmnop%3D", ["abcdefghijklmnop%3D"]),
        ("SIGSEGV sig=11, signature=(x, y)", []),
        ("GET /o?X-Amz-Signature=0a1b", ["0a1b"]),
        ("pip install https://tok-3n@host/simple", ["tok-3n"]),
        ("git+https://tok3n:@host/x.git", ["tok3n"]),
        (f"clone https://{GITHUB}@github.com/x", [GITHUB]),
        ("abfss://box@account.dfs.core.windows.net/a spark://Scheduler@h:1 hdfs://me@h/x", []),
        (f"token {JWT} and {JWT}", [JWT, JWT]),
        (f"printed {GITHUB}.", [GITHUB]),
        ("xoxb-12345678901 glpat-abcdefghijklmnopqrst", ["xoxb-12345678901", "glpat-abcdefghijklmnopqrst"]),
        ("Cookie: a=b; c=d\nnext", ["a=b; c=d"]),
        ("'Set-Cookie': 'a=b; c=d', 'x': 1", ["a=b; c=d"]),
        ("secret={a: X} rest", ["{a: X}"]),
        ("secret={a: {b: [1, 2]}, c: 3} rest", ["{a: {b: [1, 2]}, c: 3}"]),
        ("secret={a: X, b: \nrest", ["{a: X, b: "]),
        ('{"password": "half of i', ["half of i"]),
        (r'"{\"password\": \"abc\", \"n\": 1}"', ["abc"]),
        ("password => 'a b'", ["a b"]),
        ("Authorization: Digest username=me, response=abc\nnext", ["Digest username=me, response=abc"]),
        ("curl -H 'Authorization: Basic abc=' url", ["Basic abc="]),
        ("jdbc:oracle:thin:scott/tiger@h:1521:x", ["tiger"]),
        ("sqlplus scott/tiger@//h/x", ["tiger"]),
        ("-password x and --token y", ["x", "y"]),
        ("password geheim4711, token application_1_0001 in 5", ["geheim4711"]),
        ("tokenizer=bert passes=3 pass=4", []),
        (f"{BEGIN}\nMII+/E=\nab\n{END}\nrest", ["\nMII+/E=\nab\n"]),
        (f"{BEGIN}\\nMIIE\\n{END}", ["\\nMIIE\\n"]),
        (f"{BEGIN}\nMIIE\ncut", ["\nMIIE\ncut"]),
        (f"a line\nMIIE\nab==\n{END}\nrest", ["MIIE\nab==\n"]),
        ("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", []),
    ],
)
def test_a_secret_is_found_by_its_name_its_place_or_its_form(text, secrets):
    """Each once, in order."""
    assert [text[begin:end] for begin, end in secret_spans(text)] == secrets


def test_secrets_that_overlap_are_one():
    """A password within a token within an address."""
    text = f"token=https://me:{JWT}@host/x rest"
    assert [text[begin:end] for begin, end in secret_spans(text)] == [f"https://me:{JWT}@host/x"]


def test_the_marks_of_a_private_key_are_known():
    """A key goes over many lines."""
    assert begins_a_key(f"INFO {BEGIN}")
    assert not begins_a_key(f"{BEGIN} x {END}")
    assert begins_a_key(f"{BEGIN} x {END} {BEGIN}")
    assert ends_a_key(f"x{END}")
    assert not ends_a_key("-----END CERTIFICATE-----")


def test_an_option_has_a_plain_name():
    """``-Dpass=x`` sets ``pass``."""
    assert [plain_name(name) for name in ("-Dpass", "--pass", "-pass", "pass")] == ["pass"] * 4


@pytest.mark.parametrize(
    ("text", "plain"),
    [("2g", True), ("--day", True), ("a.b.C", True), ("pw=x", False), ("u@h", False), ("x" * 15, False)],
)
def test_most_values_are_plain_at_a_look(text, plain):
    """An operator is made in each parse of its DAG."""
    assert is_plain(text) is plain
