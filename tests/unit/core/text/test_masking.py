import time

import pytest

from airflow_spark_guard.core.output.masked_lines import MaskedLines
from airflow_spark_guard.core.text.argument_words import masked_words
from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.text.masking import is_secret_key, mask, mask_known, mask_text, secrets_in


@pytest.mark.parametrize(
    "key",
    [
        "spark.hadoop.fs.s3a.secret.key",
        "spark.ssl.keyPassword",
        "MY_TOKEN",
        "fs.s3a.access.key",
        "x.accesskey",
        "fs.azure.account.key.acc.dfs.core.windows.net",
        "fs.azure.sas.container.account",
        "a.passphrase",
        "db_pwd",
        "spark.yarn.credentials",
        "ldap.passwd",
        "x.api-key",
        "private_key",
        "Authorization",
    ],
)
def test_a_secret_is_known_by_its_key(key):
    """Spark's own pattern, and what it forgets."""
    assert is_secret_key(key)
    assert mask(key, "hunter2") == "******"


@pytest.mark.parametrize(
    "key",
    [
        "spark.executor.memory",
        "spark.sql.sasquatch",
        "spark.hadoop.fs.s3a.aws.credentials.provider",
        "hadoop.security.credential.provider.path",
        "spark.kryo.registrator",
        "spark.app.name",
        "pwdx",
    ],
)
def test_an_ordinary_key_is_shown(key):
    """A mask where nothing is secret hides the cause of a failure."""
    assert not is_secret_key(key)
    assert mask(key, "512m") == "512m"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("jdbc:postgresql://me:pa:ss@host:5/db", "jdbc:postgresql://me:******@host:5/db"),
        ("see http://host:80/a and x@y.z", "see http://host:80/a and x@y.z"),
        ("abfss://box@account.dfs.core.windows.net/a", "abfss://box@account.dfs.core.windows.net/a"),
        ("-Xmx1g -Dsome.password=x -Db=2", "-Xmx1g -Dsome.password=****** -Db=2"),
        ("spark.opts=-Da.secret=x", "spark.opts=-Da.secret=******"),
        ('--conf "spark.my.token=abc"', '--conf "spark.my.token=******'),
        ('{"password": "a b\\" c", "n": 1}', '{"password": "******", "n": 1}'),
        ("{'api_key': 'a b', 'n': 1}", "{'api_key': '******', 'n': 1}"),
        ("password : a\nrest", "password : ******\nrest"),
        ("Authorization: Basic abc=", "Authorization: ******"),
        ("sent Bearer abcdefghijklmnop.q-r", "sent Bearer ******"),
        ("url?user=a&password=b&ssl=true", "url?user=a&password=******"),
        ("secret=token=x rest", "secret=****** rest"),
        ("epoch 3 num_tokens=512, tokens: 12.5", "epoch 3 num_tokens=512, tokens: 12.5"),
        ("password=", "password="),
        ("password=''", "password='******'"),
        ("no secret here", "no secret here"),
        ("run --db-password hunter2 --n 5", "run --db-password ****** --n 5"),
        ("run --n 5 --token", "run --n 5 --token"),
        ("the password is not shown", "the password is not shown"),
        ("", ""),
    ],
)
def test_a_secret_inside_text_is_masked(line, shown):
    """URLs, options, JSON and headers; the rest of the line stays."""
    assert mask_text(line) == shown
    assert mask("spark.some.value", line) == shown


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "a.", "a=", "://a:", "'", "password=", 'password="\\', "bearer ", " =", "--token ", "a ", " "),
        *("password ", "password a1", "secret={", "secret=[{", "https://a@", "https://a:", "a/b@", "?sig="),
        *("jdbc:oracle:thin:a/", "eyJaaaaaaaa.", "ghp_a", "cookie: ", "Authorization: Digest ", "\\", '\\"'),
        *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nabcd\n"),
        *("abcd\n", 'secret="a\n', "token: basic "),
    ],
)
def test_a_long_line_is_masked_in_no_time(unit):
    """A job may print anything: no pattern goes over a line more than a few times."""
    line = unit * (150_000 // len(unit))
    start = time.process_time()
    mask_text(line)
    masked_words([line[:50_000]])
    MaskedLines().take(line[:50_000].encode())
    assert time.process_time() - start < 15  # it takes 0.1; once from every place would take minutes


def test_a_known_value_is_masked_without_its_name():
    """And beside what looks like a secret."""
    with KNOWN.at_work():
        KNOWN.learn(["hunter2", "geheim 4711"])
        assert mask_text("hunter2 and token=abc, geheim%204711") == "****** and token=****** ******"
        assert mask("spark.x", "y-hunter2") == "y-******"
    assert mask_text("hunter2") == "hunter2"


def test_a_value_of_json_loses_what_is_known_and_nothing_else():
    """Keys too; without a secret it is the same object."""
    value = {"a": ["hunter2", 1, None, ("x", {"hunter2": True})]}
    with KNOWN.at_work():
        KNOWN.learn(["hunter2"])
        assert mask_known(value) == {"a": ["******", 1, None, ("x", {"******": True})]}
        same = {"a": [1.5, "x", ()]}
        assert mask_known(same) is same


def test_what_looks_like_a_secret_can_be_learnt():
    """Without its quotes."""
    assert secrets_in('jdbc:x://u:p@h {"token": "a b"} -Da.secret=c') == ["p", "a b", "c"]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_quote_that_was_cut_off_ends_with_its_line(quote):
    """What follows is another message, such as the cause of a failure."""
    text = f"spark-submit --conf password={quote}abc\nERROR: job failed\n--other=1 {quote}tail"
    assert (
        mask_text(text)
        == f"spark-submit --conf password={quote}******\nERROR: job failed\n--other=1 {quote}tail"
    )
