"""A verdict or a key of Spark's configuration in words."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from airflow_spark_guard.cli.terminal import fields, print_text
from airflow_spark_guard.cli.work.conf import effective_conf, explain_key, installed_spark
from airflow_spark_guard.core.conf.known_confs import known_confs
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.verdict_table import VERDICTS

if TYPE_CHECKING:
    from airflow_spark_guard.core.verdict_table import VerdictRow

_SPARK = "spark."


def show(name: str) -> None:
    """Print what is known of it.

    Raises:
        BadInputError: it is neither a verdict nor a key.
    """
    wanted = name.strip()
    verdict = wanted.upper().replace("-", "_").replace(" ", "_")
    if verdict in set(Verdict):
        _show_verdict(VERDICTS[Verdict(verdict)])
    elif wanted.startswith(_SPARK) or known_confs().get(wanted) is not None:
        version = installed_spark()
        explain_key(effective_conf((), version=version), wanted, version)
    else:
        raise _unknown(wanted, verdict)


def _show_verdict(row: VerdictRow) -> None:
    print_text(str(row.verdict), style="bold")
    fields(
        ("meaning", _plain(row.meaning)),
        ("what to do", _plain(row.remedy)),
        ("retried", _plain(row.retried)),
        ("because", row.advice.hint),
        ("exception", f"airflow_spark_guard.errors.{row.exception.__name__}"),
    )


def _plain(text: str) -> str:
    """The text of README's table without its marks for code."""
    return text.replace("`", "")


def _unknown(wanted: str, verdict: str) -> BadInputError:
    close = difflib.get_close_matches(verdict, list(Verdict), n=1)
    near = close[0] if close else known_confs().nearest(wanted)
    return BadInputError(
        "This is neither a verdict nor a key of Spark's configuration.",
        got=one_line(repr(wanted), 200),
        expected=f"{', '.join(Verdict)}; or a key that begins with {_SPARK}",
        advice=f"Did you mean {near}?" if near else "Check the spelling.",
    )
