"""The applications of a job, as the task announces them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.remote.announcement import history_server, published_ui, running_application

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.attempt.observer import Application
    from airflow_spark_guard.attempt.submission import Submission
    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook

# A job names its applications itself, and may name any number.
_MOST = 20


@dataclass
class Applications:
    """Announces each application of a job once, with the addresses where it can be seen.

    Args:
        hook: that submits the job; its master and its servers are asked when an application is found.
        submission: of the job; None if another process has submitted it.
        announce: takes each application.
    """

    hook: UpstreamSubmitHook
    submission: Submission | None
    announce: Callable[[Target], None]
    _announced: list[Target] = field(default_factory=list)

    def found(self, application: Application) -> None:
        """Announce it, unless it is known, cannot be seen anywhere, or is one of too many."""
        hook = self.hook
        conf = self.submission.conf.plain() if self.submission is not None else {}
        url = published_ui(
            application.ui_url,
            is_here=application.ui_is_here,
            has_launcher=hook.java_class is None,
            master=hook.master,
        )
        if url is None:
            return
        target = running_application(
            application.id,
            url,
            master=hook.master,
            master_ui=application.master_ui or hook.master_ui,
            history_server=history_server(hook.history_server, conf),
        )
        if target is None or target in self._announced or len(self._announced) >= _MOST:
            return
        self._announced.append(target)
        self.announce(target)
