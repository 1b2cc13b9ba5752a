"""Raw output without its secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.output.masked_lines import MaskedLines
from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.text.masking import mask_text

SECRETS = [
    "spark.x.secret=abc", "PASSWORD: abc", "my.token=abc", "access.key=abc", "accesskey=abc", "passwd=abc",
    "passphrase=abc", "credential=abc", "Authorization: Basic abc", "account-key=abc", "private_key=abc",
    "shared.key=abc", "apiKey=abc", "encryption_key=abc", "fs.sas.x=abc", "db.pwd=abc", "--password abc",
    "jdbc:x://user:abc@host/db", "curl Bearer 0123456789abcdefabc", "DB_PASS=abc", "userPw=abc", "--jwt abc",
    "x?sig=abc&y", "Cookie: abc", "https://abc@host", "jdbc:oracle:thin:u/abc@h", "u/abc@//h", "psk=abc",
    "token abcdefg1", "eyJabcdefg.eyJabcdefg.x", "ghp_abcdefghijklmnopqrst0", "gho_abcdefghijklmnopqrst0",
    "ghu_abcdefghijklmnopqrst0", "ghs_abcdefghijklmnopqrst0", "ghr_abcdefghijklmnopqrst0",
    "github_pat_abcdefghijklmnopqrst0", "glpat-abcdefghijklmnopq", "xoxb-abcdefghijk", "hf_abcdefghijklmnopqrst0",
    "sk-abcdefghijklmnopqrst0", "dapiabcdefabcdefabcdefabcdefabcdefab", "hvs.abcdefghijklmnopqrst0",
    "ya29.abcdefghijklmnopqrst0", "keyfile_dict=abc", "?X-Amz-Signature=abc",
]  # fmt: skip


def through(chunks):
    lines = MaskedLines()
    return b"".join([*(lines.take(chunk) for chunk in chunks), lines.rest()])


@pytest.mark.parametrize("secret", SECRETS)
def test_what_masking_would_change_is_found(secret):
    """The quick look knows every kind of secret; neighbours stay as they are."""
    text = f"first\n{secret}\nlast"
    assert "abc" not in mask_text(secret)
    assert through([text.encode()]).decode() == f"first\n{mask_text(secret)}\nlast"


@given(st.lists(st.sampled_from([*SECRETS, "work\n", " ", "\n", "\r", "x=", "größe"])), st.data())
def test_no_masked_value_escapes_whatever_the_chunks(parts, data):
    """A secret cut in half by a chunk's end is one secret."""
    raw = "\n".join(parts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    chunks = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert b"abc" not in through(chunks)


def test_plain_output_is_kept_byte_by_byte():
    """Invalid UTF-8 too, also in a line that is masked."""
    raw = bytes(range(256)) * 10
    assert through([raw[:100], raw[100:]]) == raw
    assert through([b"\xff\xfe the key is none\n"]) == b"\xff\xfe the key is none\n"
    assert through([b"\xff password=abc\n"]) == b"\xff password=******\n"


def test_whole_lines_come_out_at_once():
    """The record is readable while the job runs; bars have their own ends."""
    lines = MaskedLines()
    assert lines.take(b"one\ntw") == b"one\n"
    assert lines.take(b"o\r[===") == b"two\r"
    assert lines.rest() == b"[==="


def test_an_endless_line_is_not_kept_and_its_cuts_part_no_name_from_its_value():
    """Memory is bounded."""
    lines = MaskedLines()
    raw = (b"x" * 50 + b" --password hunter22 Authorization: Bearer abcdefghijklmnopqrst ") * 5_000
    shown = b""
    for start in range(0, len(raw), 1000):
        shown += lines.take(raw[start : start + 1000])
        assert len(lines._rest) < 70_000
    shown += lines.rest()
    assert b"hunter22" not in shown
    assert b"abcdefghij" not in shown
    assert through([b"y" * 100_000] * 3) == b"y" * 300_000


def test_a_flood_of_secrets_is_left_out_after_a_while():
    """Masking must not slow the job down for long."""
    lines = MaskedLines()
    lines._masked = 99_999
    assert lines.take(b"key a\nkey b\nwork\n") == (
        b"key a\n... (a line that names a secret; left out after 100000 of them)\nwork\n"
    )


KEY = [b"-----BEGIN RSA PRIVATE KEY-----", *[b"abc+DEF/" * 8] * 30, b"abc=", b"-----END RSA PRIVATE KEY-----"]


@pytest.mark.parametrize("before", [b"", b"26/11/29 12:00:00 INFO job: ", b"  | "])
def test_a_private_key_is_masked_over_its_lines(before):
    """Whatever stands before each, and whatever another thread prints between."""
    raw = b"\n".join(
        [
            b"first",
            *(before + line for line in KEY[:9]),
            b"epoch 1",
            *(before + line for line in KEY[9:]),
            b"last",
        ]
    )
    shown = through([raw[:100], raw[100:500], raw[500:]])
    assert b"abc" not in shown
    assert shown.startswith(b"first\n")
    assert shown.endswith(b"-----END RSA PRIVATE KEY-----\nlast")
    assert b"\nepoch 1\n" in shown


def test_a_private_key_without_an_end_hides_nothing_but_its_lines():
    """A job may print the first line alone."""
    raw = b"\n".join([KEY[0], b"epoch 1, loss 0.5", b"it is done"])
    assert through([raw]) == raw
    assert through([KEY[0] + b"\nabc=-----END RSA PRIVATE KEY----- x"]).endswith(
        b"\n******-----END RSA PRIVATE KEY----- x"
    )


@given(st.lists(st.sampled_from(["hunter2-hunter3", "work\n", " ", "\n", "\r", "größe"])), st.data())
def test_no_known_value_escapes_whatever_the_chunks(parts, data):
    """Nor half of one."""
    raw = "".join(parts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    chunks = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    with KNOWN.at_work():
        KNOWN.learn(["hunter2-hunter3"])
        assert b"hunt" not in through(chunks)


def test_an_endless_line_is_cut_within_no_known_value():
    """Wherever the chunks end."""
    value = b"hunter2-hunter3"
    with KNOWN.at_work():
        KNOWN.learn([value.decode()])
        for shift in range(0, 40, 3):
            raw = b"x" * (65_520 + shift) + value * 3 + b"y" * 70_000
            shown = through([raw[at : at + 65_536] for at in range(0, len(raw), 65_536)])
            assert b"hunt" not in shown
            assert shown.replace(b"*", b"") == raw.replace(value, b"")


def test_a_line_that_is_cut_off_shows_no_half_of_a_secret():
    """Of an address, of a known value."""
    lines = MaskedLines()
    assert lines.begun(b"jdbc:x://user:ab") == b"jdbc:x://user:******"
    assert lines.begun(b"http://host:8080") == b"http://host:8080"
    assert lines.begun(b"x" * 5000) == b"x" * 5000
    with KNOWN.at_work():
        KNOWN.learn(["hunter2-hunter3"])
        assert lines.begun(b"it is hunter2-h") == b"it is ******"
