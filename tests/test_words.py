"""Plain words: what docs/words.md says to avoid is in no message, docstring, comment or page."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Pages that quote: the list itself, and logs as they were written.
NOT_READ = {"docs/words.md", "docs/task-logs.md"}
# Text of others that we quote, by file.
QUOTED: dict[str, list[str]] = {}

ROW = re.compile(r"^\| (`.+?`) \|(.*?)\|(.+?)\|$", re.MULTILINE)
CODE = re.compile(r"^( *)```.*?^\1```|``.+?``|`[^`\n]+`|\]\([^)\s]+\)", re.DOTALL | re.MULTILINE)


def pattern(phrases, flags=re.NOFLAG):
    """Matches any of the phrases as whole words, over the end of a line as well."""
    one = (
        (r"\b" if phrase[0].isalpha() else "")
        + r"\s+".join(map(re.escape, phrase.split()))
        + (r"\b" if phrase[-1].isalpha() else "")
        for phrase in phrases
    )
    return re.compile("|".join(one), flags)


def rules():
    """(what to avoid, what of it is fine, what to write) for each row of the page."""
    for *cells, write in ROW.findall((ROOT / "docs" / "words.md").read_text()):
        avoid, fine = (re.findall(r"`(.+?)`", cell) for cell in cells)
        fine += [phrase[0].upper() + phrase[1:] for phrase in fine]
        yield pattern(avoid, re.IGNORECASE), pattern(fine) if fine else None, write.strip()


RULES = list(rules())


def texts_of_code(source):
    """(line, text) of each docstring, block of comments, and string that is prose: it has a space."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, node.value
    comments = [
        (token.start[0], token.string.lstrip("# "))
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    while comments:
        block = [comments.pop(0)]
        while comments and comments[0][0] == block[-1][0] + 1:
            block.append(comments.pop(0))
        yield block[0][0], "\n".join(text for _, text in block)


def found_in(text, quoted=()):
    """(line from 0, the word, what to write instead) of each word to avoid."""
    for part in quoted:
        text = text.replace(part, re.sub(r"\S", "_", part))
    text = CODE.sub(lambda code: re.sub(r"[^\n]", "_", code[0]), text)
    for avoid, fine, write in RULES:
        allowed = [match.span() for match in fine.finditer(text)] if fine else []
        for match in avoid.finditer(text):
            if not any(begin <= match.start() and match.end() <= end + 1 for begin, end in allowed):
                yield text.count("\n", 0, match.start()), match[0], write


def name_of(path):
    """The file as the repository names it."""
    return str(path.relative_to(ROOT))


def faults(path):
    """A line for each word to avoid in a file."""
    name = name_of(path)
    source = path.read_text()
    texts = texts_of_code(source) if path.suffix == ".py" else [(1, source)]
    return sorted(
        f"{name}:{line + further}: {' '.join(word.split())!r}; write: {write}"
        for line, text in texts
        for further, word, write in found_in(text, QUOTED.get(name, ()))
    )


def files():
    """What users and maintainers read: the package, the example DAGs, the pages."""
    for folder, kind in (("airflow_spark_guard", "**/*.py"), ("dags", "**/*.py"), ("docs", "**/*.md")):
        yield from sorted((ROOT / folder).glob(kind))
    yield ROOT / "README.md"


@pytest.mark.parametrize("path", [path for path in files() if name_of(path) not in NOT_READ], ids=name_of)
def test_no_word_to_avoid(path):
    """The message says where each is, and what to write instead."""
    assert faults(path) == []


def test_words_are_found_in_messages_docstrings_and_comments():
    """Each once; a name, a key and code are not prose."""
    source = '''
def told(said):
    """Nobody knows; ``said`` does."""
    # None
    # where it is dark.
    table["said"] = f"{said} is  no number; there is no other, it is no longer one"
    return "heard"  # «quoted», and the same.
'''
    words = [(line, word) for line, text in texts_of_code(source) for _, word, _ in found_in(text)]
    assert sorted(words) == [
        (3, "Nobody"),
        (4, "None\nwhere"),
        (6, "is  no"),
        (7, "the same."),
        (7, "«"),
        (7, "»"),
    ]


def test_every_row_of_the_list_is_read():
    """Ten rows, each with what to write instead."""
    page = (ROOT / "docs" / "words.md").read_text()
    assert len(RULES) == page.count("\n| ") - 1
    assert all(write for *_, write in RULES)
