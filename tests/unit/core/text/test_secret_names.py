"""Which names stand for a secret."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.text.secret_names import is_about_a_secret, is_figure, is_secret_key


@pytest.mark.parametrize(
    "name",
    [
        *("pass", "DB_PASS", "spark.jdbc.pass", "spark.executorEnv.DB_PASS", "dbPass", "pass1", "dbpass"),
        *(
            "pass_phrase",
            "passcode",
            "userPwd",
            "user-pw",
            "user_pw_hash",
            "jwt",
            "accessJwt",
            "psk",
            "Cookie",
        ),
        *("set-cookie", "access_key", "signing.key", "master-key", "keyfile_dict", "id_token", "token"),
    ],
)
def test_a_word_of_a_name_makes_it_secret(name):
    """Whatever separates words, capitals too."""
    assert is_secret_key(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "passenger",
            "bypass",
            "byPass",
            "passes",
            "pass_rate",
            "pass_count",
            "passed",
            "compass",
            "Passive",
        ),
        *("tokenizer", "spark.ml.Tokenizer", "tokenise_text", "secretary", "cookiecutter", "upward"),
        *("spark.pwdx", "sort_key", "partition.key", "accesses"),
    ],
)
def test_a_part_of_a_word_does_not(name):
    """A mask where nothing is secret hides the cause of a failure."""
    assert not is_secret_key(name)


@pytest.mark.parametrize(
    ("name", "value", "figure"),
    [
        ("num_tokens", "512,", True),
        ("tokens", "[101, 2023]", True),
        ("token_count", "5", True),
        ("mean_token_accuracy", "0.93,", True),
        ("password.length", "12", True),
        ("token_loss", "abc", False),
        ("token", "512", False),
        ("tokens", "abc", False),
        ("pass", "12", True),
        ("pass", "true", True),
        ("pass", "hunter2", False),
        ("DB_PASS", "1234", False),
    ],
)
def test_counts_are_figures(name, value, figure):
    """Training jobs count tokens, test runs count passes."""
    assert is_figure(name, value) is figure


@pytest.mark.parametrize(
    ("name", "is_about"),
    [
        *[
            (name, True)
            for name in (
                "oauthTokenFile",
                "secret.path",
                "--token-url",
                "credentials_provider",
                "x.secrets.enabled",
            )
        ],
        *[(name, False) for name in ("token", "secret.key", "password", "file.password")],
    ],
)
def test_what_is_about_a_secret_is_none(name, is_about):
    """Its value is masked with its name, and stays readable elsewhere."""
    assert is_about_a_secret(name) is is_about
