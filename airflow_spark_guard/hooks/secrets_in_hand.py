"""The secrets that a task uses, registered with this process's masking and with Airflow's."""

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
    """Keep a task's secrets registered while it runs, and mask its exceptions. Also a decorator."""
    with KNOWN.at_work():
        try:
            yield
        except (SparkGuardError, AirflowException) as error:
            masked = without_secrets(error)
            if masked is not error:
                raise_instead(masked)
            raise


def learn(values: Iterable[str]) -> None:
    """Mask these secret values until the task ends, here and in Airflow's log."""
    values = list(values)
    KNOWN.learn(values)
    _mask_in_airflow(values)


def secrets_in_fields(fields: Mapping[str, Any]) -> list[str]:
    """The secret values in arguments of the operator, by name; the values may be of any type."""
    return [
        value
        for name, given in fields.items()
        for value in (values_of_words(given) if name == _WORDS else values_of(given))
    ]


def secrets_of(hook: UpstreamSubmitHook) -> list[str]:
    """The secret values in the hook's arguments and in its connection."""
    fields = {"conf": hook.user_conf, "env_vars": hook.user_environment, _WORDS: hook.given_words}
    given = hook.connection_given
    of_connection = values_of_connection(given.extra_dejson, given.login, given.password) if given else ()
    return [*secrets_in_fields(fields), *of_connection]


def hide_in_airflow(fields: Mapping[str, Any]) -> None:
    """Let Airflow mask the secrets in templated fields, which it shows as "Rendered Templates".

    A template itself is not a secret, but its rendered value may be.
    """
    _mask_in_airflow(value for value in secrets_in_fields(fields) if not _TEMPLATE.search(value))


def _mask_in_airflow(values: Iterable[str]) -> None:
    """In few forms, since Airflow searches every line of every log for each of them."""
    forms: list[Any] = sorted({form for value in values for form in plain_forms_of(value)})
    if forms:
        mask_secret(forms)
