"""Many questions at once: bounded in time and in number, and one that hangs holds up no other."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.at_once import ask_all


class Server:
    """Answers some questions, fails others, and hangs at the rest; counts how many it has at once."""

    def __init__(self, *, hangs=(), fails=()) -> None:
        self.hangs, self.fails, self.asked, self.now, self.most = hangs, fails, [], 0, 0

    async def ask(self, name):
        self.asked.append(name)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(3600 if name in self.hangs else 0)
        finally:
            self.now -= 1
        if name in self.fails:
            raise UnusableAnswerError("gone")
        return name.upper()


def answers(server, names, *, seconds=0.2, most=2):
    questions = {name: partial(server.ask, name) for name in names}
    return asyncio.run(ask_all(questions, seconds=seconds, most=most))


def test_each_question_has_its_answer_or_none():
    """In the order in which they were asked; without questions there are no answers."""
    server = Server(fails=("b",))
    assert answers(server, "abc", seconds=60) == {"a": "A", "b": None, "c": "C"}
    assert server.asked == ["a", "b", "c"]
    assert answers(server, "") == {}


def test_only_a_few_are_asked_at_once():
    """Each costs its server something."""
    server = Server()
    assert len(answers(server, "abcdefgh", seconds=60, most=3)) == 8
    assert server.most == 3


def test_a_server_that_hangs_leaves_time_for_the_others():
    """It has half of the time."""
    assert answers(Server(hangs="ab"), "abcd") == {"a": None, "b": None, "c": "C", "d": "D"}


def test_what_is_not_reached_in_time_is_left_out():
    """So that the caller can ask it first the next time; nothing goes on behind the caller's back."""
    server = Server(hangs="abcdef")
    assert set(answers(server, "abcdefg")) <= {"a", "b", "c", "d"}
    assert server.now == 0


def test_a_fault_of_our_own_is_no_silence():
    """Whoever looks reports that the look failed."""

    async def broken():
        raise KeyError("of ours")

    with pytest.raises(ExceptionGroup):
        asyncio.run(ask_all({"a": broken}, seconds=60, most=1))
