"""One picture that shows where sample and source differ."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.text import shown, shown_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.job.collection.representativeness.deviation import Figure

# Okabe and Ito's colours, which all eyes distinguish; what is off has another shape and a text as well.
_SOURCE, _SAMPLE, _OFF, _INK, _PALE = "#0072B2", "#E69F00", "#D55E00", "#333333", "#777777"
_SHADES = {_SOURCE: ("#0072B2", "#5AA9D6"), _SAMPLE: ("#E69F00", "#F5CB72")}
_MARKS = {"mean": "o", "quantile": "D", "share": "s", "nulls": "X"}
_WIDTH, _ROW, _TOP, _BOTTOM = 13.0, 0.46, 0.55, 0.85
# Where values are drawn: the source's 5 % at 0 and its 95 % at 1, and a fifth more to either side.
_BEYOND, _EDGE = 0.2, 0.5
# Deviations are drawn up to so many limits.
_FAR = 2.45
# Bars of shares have no scale of values beside them, and so all the width. How many small letters fit there.
_BAR, _LETTERS = 2 * _EDGE + 0.96, 65


def draw(verdict: str, columns: Mapping[str, Sequence[Figure]], limit: float, path: str | None = None) -> Any:
    """Draw a comparison: one row per column, what is off in another colour.

    On the left a box from the 25 % to the 75 % quantile with the median, whiskers to 5 % and 95 %, on a scale
    that reaches from the source's 5 % to its 95 %; of text columns the shares. On the right each figure's
    deviation in expected errors, and the band within which the sample stands for the source.

    Args:
        verdict: the title.
        columns: the figures of each column.
        limit: expected errors that no figure may exceed.
        path: file to write; its suffix decides the format (``.png``, ``.svg``, ``.pdf``).

    Returns:
        matplotlib.figure.Figure: no window is opened, and pyplot does not hold it.

    Raises:
        SampleError: matplotlib is not installed, or cannot write this kind of file.
    """
    title = textwrap.wrap(shown(verdict, 600), 125)
    top = _TOP + 0.22 * len(title)
    height = top + _BOTTOM + _ROW * max(1, len(columns))
    picture = _empty(height)
    left, right = picture.subplots(1, 2, sharey=True, width_ratios=(6, 4))
    off = {name for name, figures in columns.items() if any(abs(one.errors) > limit for one in figures)}
    # To the right stands what is off; without it, the figures have that space.
    edge = 0.79 if off else 0.97
    picture.subplots_adjust(0.16, _BOTTOM / height, edge, 1 - top / height, wspace=0.03)
    _write(picture, 0.02, 1 - 0.2 / height, "\n".join(title), fontsize=11, va="top", weight="bold")
    _frame(left, right, len(columns), limit)
    for i, (name, figures) in enumerate(columns.items()):
        colour = _OFF if name in off else _INK
        _write(left, -_EDGE - 0.04, i, shown(name, 24), ha="right", va="center", fontsize=9, color=colour)
        _values(left, i, figures)
        _deviations(right, i, figures, limit)
    _legend(picture, edge, height)
    _save(picture, path)
    return picture


def _empty(height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SampleError(
            "The comparison cannot be drawn.",
            got="no matplotlib in this Python",
            expected="matplotlib",
            advice="Install it: pip install matplotlib. str(result) shows the same as a table.",
        ) from error
    return Figure(figsize=(_WIDTH, height), facecolor="white")


def _save(picture: Any, path: str | None) -> None:
    if path is None:
        return
    known = picture.canvas.get_supported_filetypes()
    if Path(path).suffix.lower().lstrip(".") not in known:
        raise SampleError(
            "The picture cannot be written to this file.",
            got=repr(path),
            expected="a name that ends in one of: " + ", ".join(f".{kind}" for kind in sorted(known)),
            advice="Name it .png for a report, or .svg for a page.",
        )
    picture.savefig(path, dpi=120)


def _write(where: Any, x: float, y: float, text: str, **style: Any) -> None:
    """Text as it is: names come from the data, and ``$`` in them means no formula."""
    where.text(x, y, text, **{"color": _INK, "parse_math": False, "usetex": False, **style})


def _frame(left: Any, right: Any, count: int, limit: float) -> None:
    left.set(xlim=(-_EDGE, 1 + _EDGE), ylim=(max(count, 1) - 0.5, -0.5), xticks=[], yticks=[])
    right.set(xlim=(-2.6 * limit, 2.6 * limit))
    _write(left, -_EDGE + 0.02, -0.6, "source's 5 %", fontsize=7.5, color=_PALE)
    _write(left, 1 + _EDGE - 0.02, -0.6, "source's 95 %", fontsize=7.5, color=_PALE, ha="right")
    right.axvspan(-limit, limit, color="#E8EEF2", zorder=0, linewidth=0)
    right.axvline(0, color=_PALE, linewidth=0.8, zorder=1)
    ticks = [-2 * limit, -limit, 0, limit, 2 * limit]
    right.set_xticks(ticks, [f"{tick:+.1f}" if tick else "0" for tick in ticks], fontsize=8, color=_INK)
    right.set_xlabel("deviation in expected errors (shaded: as of a fair draw)", fontsize=8.5, color=_INK)
    for axes in (left, right):
        axes.set_facecolor("white")
        axes.spines[:].set_color("#CCCCCC")
        axes.tick_params(axis="y", length=0)
        axes.hlines(
            [i + 0.5 for i in range(count - 1)], *axes.get_xlim(), color="#E4E4E4", lw=0.8, zorder=0.5
        )


def _values(axes: Any, row: int, figures: Sequence[Figure]) -> None:
    quantiles = [figure for figure in figures if figure.kind == "quantile"]
    shares = [figure for figure in figures if figure.kind == "share"]
    if quantiles:
        _boxes(axes, row, quantiles)
    elif shares:
        _bars(axes, row - 0.2, [(share.figure, share.source) for share in shares], _SOURCE)
        _bars(axes, row + 0.2, [(share.figure, share.sample) for share in shares], _SAMPLE)
    else:
        _write(axes, 0.5, row, "no values", fontsize=8, color=_PALE, ha="center", va="center")


def _boxes(axes: Any, row: int, quantiles: Sequence[Figure]) -> None:
    """Whiskers, box and median of the source above those of the sample."""
    low, high = quantiles[0].source, quantiles[-1].source
    span = high - low
    if not (math.isfinite(span) and span > 0):
        # A constant, or infinite: what is equal to it lies in the middle.
        span, low = math.inf, quantiles[2].source
    for y, colour, values in (
        (row - 0.18, _SOURCE, [quantile.source for quantile in quantiles]),
        (row + 0.18, _SAMPLE, [quantile.sample for quantile in quantiles]),
    ):
        at = [_place(value, low, span) for value in values]
        axes.hlines(y, at[0], at[4], color=colour, linewidth=1.4)
        axes.vlines([at[0], at[4]], y - 0.07, y + 0.07, color=colour, linewidth=1.4)
        axes.barh(y, at[3] - at[1], left=at[1], height=0.24, color=colour, linewidth=0)
        axes.vlines(at[2], y - 0.16, y + 0.16, color=_INK, linewidth=1.8, zorder=3)
    style = {"fontsize": 7.5, "color": _PALE, "va": "center"}
    _write(axes, -_EDGE + 0.02, row, shown_number(quantiles[0].source), **style)
    _write(axes, 1 + _EDGE - 0.02, row, shown_number(quantiles[-1].source), ha="right", **style)


def _place(value: float, low: float, span: float) -> float:
    if not math.isfinite(span) or math.isnan(value):
        side = 0.0 if value == low else math.copysign(0.5 + _BEYOND, value - low)
        return 0.5 + side
    return min(1 + _BEYOND, max(-_BEYOND, (value - low) / span))


def _bars(axes: Any, y: float, shares: Sequence[tuple[str, float]], colour: str) -> None:
    """Shares one after the other, each with its text where there is room."""
    at = 0.5 - _BAR / 2
    for i, (figure, share) in enumerate(shares):
        shade = _SHADES[colour][i % 2]
        axes.barh(y, share * _BAR, left=at, height=0.34, color=shade, edgecolor="white", linewidth=0.6)
        text = figure.removeprefix("share of ").strip("'")
        room = int(share * _LETTERS)
        if room >= min(2, len(text)) and share:
            ink = "white" if shade == _SOURCE else "black"
            style = {"fontsize": 7, "ha": "center", "va": "center_baseline", "color": ink}
            _write(axes, at + share * _BAR / 2, y, shown(text, room), **style)
        at += share * _BAR


def _deviations(axes: Any, row: int, figures: Sequence[Figure], limit: float) -> None:
    for figure in figures:
        off = abs(figure.errors) > limit
        at = max(-_FAR * limit, min(_FAR * limit, figure.errors))
        # An arrow where the place itself is beyond the picture.
        mark = _MARKS[figure.kind] if at == figure.errors else "<>"[figure.errors > 0]
        style = {"color": _OFF if off else _INK, "s": 34 if off else 16, "zorder": 4 if off else 3}
        axes.scatter([at], [row], marker=mark, alpha=1 if off else 0.6, linewidths=0, **style)
    worst = max(figures, key=lambda figure: abs(figure.errors))
    if abs(worst.errors) > limit:
        times = f"{worst.errors:+.1f}" if math.isfinite(worst.errors) else "not by chance"
        values = f"{shown_number(worst.sample)} instead of {shown_number(worst.source)}"
        text = f"{shown(worst.figure)}: {times}\n{values}"
        _write(axes, 2.68 * limit, row, text, fontsize=7.5, color=_OFF, va="center")


def _legend(picture: Any, edge: float, height: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [
        Line2D([], [], linestyle="", marker=mark, color=_INK, markersize=5, label=kind)
        for kind, mark in _MARKS.items()
    ]
    off = Line2D([], [], linestyle="", marker="o", color=_OFF, markersize=6, label="off; < and >: far off")
    patches = [Patch(color=_SOURCE, label="source"), Patch(color=_SAMPLE, label="sample")]
    style = {"frameon": False, "fontsize": 8.5, "labelcolor": _INK}
    at = 0.1 / height
    picture.legend(handles=patches, loc="lower left", bbox_to_anchor=(0.16, at), ncols=2, **style)
    picture.legend(handles=[*marks, off], loc="lower right", bbox_to_anchor=(edge, at), ncols=5, **style)
