"""Many questions to web servers, a few at once, within one time limit."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from airflow_spark_guard.core.web.answer import UnusableAnswerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

T = TypeVar("T")


async def ask_all(
    questions: Mapping[str, Callable[[], Awaitable[T]]], *, seconds: float, most: int
) -> dict[str, T | None]:
    """The answers that came in time: None for a question that failed; one that was not finished is left out.

    Args:
        questions: what to ask, by a name of the caller's; asked in this order.
        seconds: for all questions together. One question may take half of it, so that servers that hang
            leave time for the others.
        most: how many questions are asked at once.
    """
    answers: dict[str, T | None] = {}
    gate = asyncio.Semaphore(most)

    async def ask(name: str, question: Callable[[], Awaitable[T]]) -> None:
        async with gate:
            try:
                async with asyncio.timeout(seconds / 2):
                    answers[name] = await question()
            except (UnusableAnswerError, TimeoutError):
                answers[name] = None

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for name, question in questions.items():
                group.create_task(ask(name, question))
    return {name: answers[name] for name in questions if name in answers}
