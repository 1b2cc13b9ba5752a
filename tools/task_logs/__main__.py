"""Five task logs, each of a job that runs for real: ``docs/task-logs.md``.

    python -m tools.task_logs [--only NAME]...

``--only`` runs some of them; of the others the page shows the last run (``build/task-logs/``). A log
that is longer than the issue's figure, or a failure whose verdict, line or advice stands too high up, is an
error; then no page is written.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tools import BUILD, ROOT
from tools.task_logs.chapters import CHAPTERS, INTRODUCTION, Chapter
from tools.task_logs.runs import Stand

PAGE, KEPT = ROOT / "docs" / "task-logs.md", BUILD / "task-logs"
HEALTHY, LAST = 60, 15  # lines that a healthy job of two minutes may have; that hold a failure's essence

EVENT = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z \[(\w+) *\] (.*)", re.DOTALL)
LOGGER = re.compile(r" *\[([\w.-]+)\]((?: \w+=(?:'[^'\n]*'|\S+))*) *$", re.MULTILINE)
OF_THE_TASK = re.compile(r"task$|airflow\.task\.")


def task_lines(text: str) -> list[str]:
    """The task's part of what Airflow prints: ``HH:MM:SS LEVEL message``, and the lines that belong to it."""
    lines: list[str] = []
    for event in re.split(r"\n(?=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.)", text):
        begun, logger = EVENT.match(event), LOGGER.search(event)
        if begun is None or logger is None or OF_THE_TASK.match(logger[1]) is None:
            continue
        # The logger stands at the end of the message, and a traceback below it.
        message = f"{event[begun.start(3) : logger.start()]}{fields(logger[2])}{event[logger.end() :]}"
        first, *more = message.rstrip().split("\n")
        lines += [f"{begun[1]} {begun[2].upper():7} {first.rstrip()}", *more]
    if "::endgroup::" in lines[0]:
        del lines[0]  # of a group of Airflow's that the supervisor begins
    return lines


def fields(text: str) -> str:
    """What an event has besides its message, without its place in the code."""
    shown = re.sub(r"\bloc=\S+ ?", "", text).strip()
    return f" {shown}" if shown else ""


def shorten(lines: list[str], paths: dict[str, str]) -> list[str]:
    """With the folders of this machine replaced."""
    text = "\n".join(lines)
    for path, shown in paths.items():
        text = text.replace(path, shown)
    return text.split("\n")


def faults(chapter: Chapter, lines: list[str]) -> list[str]:
    """What does not hold: the issue's two figures, and that nothing of this machine is left."""
    text, end = "\n".join(lines), "\n".join(lines[-LAST:])
    wanted = (f": {chapter.verdict}: ", "\n  do: ", "\n  where: ") if chapter.verdict else ()
    if chapter.tries:
        wanted = wanted[:2]  # what was taken over stood at no line
    found = [f"no {each.strip()} in the last {LAST} lines" for each in wanted if each not in end]
    if "Finished after " not in text or ("Task failed" in text) != bool(chapter.verdict):
        found.append("another end than the page says")
    if str(ROOT) in text or str(Path(sys.prefix)) in text:
        found.append("a folder of this machine")
    if chapter.job.name == "train" and len(lines) > HEALTHY:
        found.append(f"more than {HEALTHY} lines of a healthy job")
    return found


def run(chapter: Chapter) -> None:
    """Run the job, and keep its logs as the page shows them; those of two tries in their order."""
    with tempfile.TemporaryDirectory(prefix="logs-") as folder:
        stand = Stand(Path(folder))
        printed = stand.two_tries(chapter.job) if chapter.tries else (stand.dag(chapter.job),)
        logs = [shorten(task_lines(text), stand.paths) for text in printed]
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{chapter.job.name}.json").write_text(json.dumps(logs, indent=0))


def kept(chapter: Chapter) -> list[list[str]]:
    """The logs of its last run."""
    return json.loads((KEPT / f"{chapter.job.name}.json").read_text())


def page() -> str:
    """The page's text."""
    versions = {
        "airflow": version("apache-airflow"),
        "spark": version("pyspark"),
        "guard": version("airflow-spark-guard"),
    }
    parts = [INTRODUCTION.format(**versions)]
    for chapter in CHAPTERS:
        parts.append(f"## {chapter.title}\n\n{chapter.words}\n")
        for number, lines in enumerate(kept(chapter), 2):
            parts += [f"Try {number}:\n"] if chapter.tries else []
            parts.append("\n".join(["```text", *lines, "```"]) + "\n")
    return "\n".join(parts)


def main() -> int:
    """Run, check, write."""
    parser = argparse.ArgumentParser(prog="python -m tools.task_logs", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="scripts to run")
    options = parser.parse_args()
    short = False
    for chapter in CHAPTERS:
        name = chapter.job.name
        if not options.only or name in options.only:
            run(chapter)
        logs = kept(chapter)
        print(f"{name}: {' and '.join(str(len(lines)) for lines in logs)} lines", flush=True)
        for fault in faults(chapter, logs[0]):
            short = True
            print(f"SHORT: {name}: {fault}", flush=True)
    if not short:
        PAGE.write_text(page())
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
