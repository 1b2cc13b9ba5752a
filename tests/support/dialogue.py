"""Plays the web server in a dialogue of core/web/answer.py: no I/O."""

from __future__ import annotations

import json

from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from tests.support import paths

DATA = paths.DATA / "rest"
VERSIONS = sorted(path.name for path in DATA.iterdir())


def recorded(version, name):
    """An answer of this Spark, as tools/generate/rest_recordings.py kept it."""
    return json.loads((DATA / version / f"{name}.json").read_text())


def play(dialogue, server):
    """What the dialogue returns; ``server(request)`` gives JSON, an Answer, or None for «no answer»."""
    try:
        request = next(dialogue)
        while True:
            reply = server(request)
            if reply is None:
                request = dialogue.throw(UnusableAnswerError("no answer"))
            elif isinstance(reply, Answer):
                request = dialogue.send(reply)
            else:
                request = dialogue.send(Answer(200, json.dumps(reply).encode()))
    except StopIteration as end:
        return end.value


def spark(version, *, at=None, **replaced):
    """A server that answers as this Spark did; ``replaced`` gives other answers by name."""

    def answer(request):
        path = request.url.partition("?")[0]
        name = "metrics" if "/metrics/" in path else path.rpartition("/")[2]
        if name in replaced:
            return replaced[name]
        return Answer(200, json.dumps(recorded(version, name)).encode(), at)

    return answer
