"""Secrets are made once, and what cannot be used is said."""

from __future__ import annotations

import base64
import stat

import pytest

from tools.stack.checks import StackError
from tools.stack.secrets import MAKERS, make_secrets


def modes(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_missing_secrets_are_made_and_never_overwritten(tmp_path):
    """Long, different, readable by the containers' user, in a folder that keeps others out."""
    folder = tmp_path / "deep" / "secrets"
    assert make_secrets(folder) == list(MAKERS)
    values = {name: (folder / name).read_text() for name in MAKERS}
    assert len(set(values.values())) == len(MAKERS)
    assert all(len(value) >= 24 for value in values.values())
    assert len(base64.urlsafe_b64decode(values["airflow_fernet_key"])) == 32
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(modes(folder).values()) == {0o444}
    (folder / "redis_password").unlink()
    assert make_secrets(folder) == ["redis_password"]
    del values["redis_password"]
    assert {name: (folder / name).read_text() for name in values} == values


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.parent.chmod(0o755), r"A secret has the wrong permissions\.\n  got: .*: mode 0755\n"),
        (lambda f: f.chmod(0o600), r"A secret has the wrong permissions\.\n  got: .*: mode 0600\n"),
        (lambda f: (f.unlink(), f.touch()), r"A secret is empty\.\n  got: .*spark_auth_secret\n"),
        (
            lambda f: (f.unlink(), f.write_text("it's a secret")),
            r"A secret holds what it must not\.\n  got: .*spark_auth_secret\n  expected: one line of 12",
        ),
        (lambda f: (f.unlink(), f.mkdir()), r"A secret is no file\.\n  got: .*: a folder; compose makes one"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_to_do(tmp_path, spoil, message):
    """Nothing is made or changed then."""
    folder = tmp_path / "secrets"
    make_secrets(folder)
    (folder / "redis_password").unlink()
    spoil(folder / "spark_auth_secret")
    with pytest.raises(StackError, match=message) as caught:
        make_secrets(folder)
    assert "\n  do: " in str(caught.value)
    assert not (folder / "redis_password").exists()


def test_what_the_data_were_made_with_is_not_made_anew(tmp_path):
    """A new password would not open the database; what can be new is made."""
    make_secrets(tmp_path / "secrets")
    (tmp_path / "secrets" / "airflow_fernet_key").unlink()
    (tmp_path / "secrets" / "redis_password").unlink()
    with pytest.raises(
        StackError, match=r"without airflow_fernet_key in .*\n.*\n  do: put them back; .* rm my_data"
    ):
        make_secrets(tmp_path / "secrets", used_by="my_data")
    assert not (tmp_path / "secrets" / "redis_password").exists()
    assert make_secrets(tmp_path / "secrets") == ["redis_password", "airflow_fernet_key"]
