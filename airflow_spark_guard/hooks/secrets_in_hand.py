"""What a task has in hand of secrets, told to the book of this process and to Airflow's own masker."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk.log import mask_secret

from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.failure.evolved import raise_instead
from airflow_spark_guard.core.failure.masked_error import without_secrets
from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.text.secret_forms import plain_forms_of
from airflow_spark_guard.core.text.secret_values import (
    values_of,
    values_of_connection,
    values_of_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook

_WORDS = "application_args"
_TEMPLATE = re.compile(r"\{[{%]")


@contextmanager
def keeping_secrets() -> Iterator[None]:
    """While a task is at work: its secrets stay known, and its exceptions are masked. A decorator as well."""
    with KNOWN.at_work():
        try:
            yield
        except (SparkGuardError, AirflowException) as error:
            masked = without_secrets(error)
            if masked is not error:
                raise_instead(masked)
            raise


def learn(values: Iterable[str]) -> None:
    """Know these secret values until the task is over, here and in Airflow's log."""
    values = list(values)
    KNOWN.learn(values)
    _tell_airflow(values)


def secrets_in_fields(fields: Mapping[str, Any]) -> list[str]:
    """The secret values in arguments of the operator, by name; of whatever type they are."""
    return [
        value
        for name, given in fields.items()
        for value in (values_of_words(given) if name == _WORDS else values_of(given))
    ]


def secrets_of(hook: UpstreamSubmitHook) -> list[str]:
    """The secret values that the hook was given, those of its connection among them."""
    fields = {"conf": hook.user_conf, "env_vars": hook.user_environment, _WORDS: hook.given_words}
    given = hook.connection_given
    found = values_of_connection(given.extra_dejson, given.login, given.password) if given else ()
    return [*secrets_in_fields(fields), *found]


def hide_in_airflow(fields: Mapping[str, Any]) -> None:
    """Have Airflow mask the secrets in templated fields, which its page "Rendered Templates" shows.

    A template itself is none: what it renders to may be.
    """
    _tell_airflow(value for value in secrets_in_fields(fields) if not _TEMPLATE.search(value))


def _tell_airflow(values: Iterable[str]) -> None:
    """In few forms: it looks for each of them in every line of every log."""
    told: list[Any] = sorted({form for value in values for form in plain_forms_of(value)})
    if told:
        mask_secret(told)
