"""The links of a task that runs a Spark application. They work while it runs; unknown ones lead nowhere.

Airflow's API server reads the XCom named here and calls none of this code. The task pushes it as soon as the
address is known; when the task ends, Airflow overwrites it with the result of ``get_link``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

LINKS_ATTRIBUTE: Final = "guard_links"


class _GuardLink(BaseOperatorLink):
    """Leads to the address that the executed operator keeps under ``key``."""

    name: ClassVar[str] = ""
    key: ClassVar[str] = ""

    @property
    def xcom_key(self) -> str:
        """The XCom that holds the address."""
        return self.key

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's
        """The address that was pushed; empty if it is not known."""
        return str(getattr(operator, LINKS_ATTRIBUTE, {}).get(self.key, ""))


class SparkUILink(_GuardLink):
    """The driver's web UI; after the application has ended, its page on the history server or the master."""

    name = "Spark UI"
    key = "spark_guard_ui"


class SparkHistoryLink(_GuardLink):
    """The application's permanent page on the history server."""

    name = "Spark history"
    key = "spark_guard_history"


class GuardRecordLink(_GuardLink):
    """The attempt's record, if ``[spark_guard] record_url`` says where records are served."""

    name = "Guard record"
    key = "spark_guard_record"


LINKS: Final = (SparkUILink(), SparkHistoryLink(), GuardRecordLink())


def known_links(
    links: Collection[BaseOperatorLink], addresses: Mapping[str, str]
) -> tuple[BaseOperatorLink, ...]:
    """The links without ours whose address is unknown: Airflow would push an empty XCom for them."""
    return tuple(link for link in links if not isinstance(link, _GuardLink) or link.key in addresses)
