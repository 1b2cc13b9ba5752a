"""What is printed is text, and what is read has units."""

from __future__ import annotations

import pytest
import typer

from airflow_spark_guard.cli.terminal import (
    duration,
    fields,
    print_text,
    size,
)


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("10m", 600), ("1m 50s", 110), ("30d", 2_592_000)])
def test_durations_are_read_as_they_are_shown(text, value):
    assert duration(text) == value


@pytest.mark.parametrize(("text", "value"), [("10GB", 10 << 30), ("500m", 500 << 20), ("7", None)])
def test_sizes_have_units(text, value):
    assert size(text) == (value or 7)


def test_what_is_neither_is_refused():
    """With an example."""
    with pytest.raises(typer.BadParameter, match="'soon' is not a duration such as 10m or 1h 30m"):
        duration("soon")
    with pytest.raises(typer.BadParameter, match="'much' is not a size such as 500m or 10g"):
        size("much")


def test_nothing_that_is_printed_is_markup(capsys):
    """Neither in a line nor in a column; emoji codes stay as well."""
    print_text("[bold]x[/bold] :smile: [link=http://x]y[/link]")
    fields(("got", "[red]x[/red] [/]"), ("do [b]", ""))
    assert capsys.readouterr().out.splitlines() == [
        "[bold]x[/bold] :smile: [link=http://x]y[/link]",
        "  got     [red]x[/red] [/]",
        "  do [b]",
    ]


def test_long_texts_are_wrapped_and_no_path_is_broken(capsys):
    """Lines keep their column; a line that must stay whole stays so."""
    path = "/data/" + "/".join(["folder"] * 20)
    fields(("got", f"{'one two ' * 15}{path} end\nnext"))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 100] == [f"       {path}"]
    assert lines[0].startswith("  got  one two")
    assert lines[-1] == "       next"
    print_text("x " * 100)
    assert len(capsys.readouterr().out.splitlines()) == 1
    print_text("x " * 100, wrap=True)
    assert len(capsys.readouterr().out.splitlines()) == 2
