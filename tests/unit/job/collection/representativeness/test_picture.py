"""The picture of a comparison, drawn with the real matplotlib."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.representativeness.comparison import judge
from airflow_spark_guard.job.collection.representativeness.deviation import (
    QUANTILES,
    Figure,
    NumberSource,
    TextSource,
    number_figures,
    text_figures,
)

MATPLOTLIB = pytest.importorskip("matplotlib")


def numbers(name, values, own):
    quantiles = tuple(np.quantile(values, QUANTILES, method="inverted_cdf").tolist())
    moments = (values.mean(), values.std(), values.min(), values.max())
    return number_figures(NumberSource(name, values.size, values.size, *map(float, moments), quantiles), own)


def result(columns=6, *, shift=0.0, name="column"):
    """Columns of numbers and texts, the first ones shifted."""
    rng = np.random.default_rng(1)
    figures = []
    for i in range(columns):
        if i % 3 == 2:
            codes = rng.integers(0, 4, 5000)
            counts = {text: int((codes == code).sum()) for code, text in enumerate(["$x^2$", "b", "c", "d"])}
            texts = TextSource(f"{name}_{i}", 5000, 5000, counts)
            figures += text_figures(texts, codes[:500].astype(float), ["$x^2$", "b", "c", "d"])
        else:
            values = rng.exponential(5, 5000)
            figures += numbers(f"{name}_{i}", values, values[:500] + (shift if i < 2 else 0))
    return judge(figures, columns)


def draw(compared, path=None):
    return compared.plot(path)


def texts(picture):
    """All texts that a picture shows."""
    found = picture.findobj(MATPLOTLIB.text.Text)
    return [text for text in found if text.get_text() and text.get_visible()]


def test_a_picture_shows_every_column_and_the_verdict():
    """A row for each column with its name; the title is the verdict."""
    found = [text.get_text() for text in texts(draw(result()))]
    assert {f"column_{i}" for i in range(6)} <= set(found)
    assert any(text.startswith("stands for the source: ") for text in found)


def test_what_differs_is_told_beside_it():
    """The worst figure of each column that is off, with both values; the others have no text."""
    shifted = result(shift=3.0)
    told = [text.get_text() for text in texts(draw(shifted)) if "instead of" in text.get_text()]
    # The verdict, and two columns.
    assert len(told) == 3


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_suffix_says_the_format(tmp_path, suffix):
    """PNG and SVG are written as such."""
    path = tmp_path / f"picture.{suffix}"
    draw(result(), str(path))
    assert {"png": b"PNG", "svg": b"<svg"}[suffix] in path.read_bytes()[:2000]


def test_an_unknown_format_is_refused(tmp_path):
    """The formats that can be written are named."""
    with pytest.raises(SampleError, match=r"(?s)cannot be written.*picture\.xyz.*\.png.*\.svg"):
        draw(result(), str(tmp_path / "picture.xyz"))


@pytest.mark.parametrize("columns", [1, 5, 40])
def test_nothing_overlaps_and_nothing_is_cut(columns):
    """With 1 to 40 columns of long names, all texts are inside the picture, and none lies on another."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    picture = draw(result(columns, shift=3.0, name="a_rather_long_name_of_a_column"))
    renderer = FigureCanvasAgg(picture).get_renderer()
    picture.draw_without_rendering()
    shown = texts(picture)
    boxes = np.array([text.get_window_extent(renderer).extents for text in shown])
    outside = (boxes[:, :2] < 0).any(axis=1) | (boxes[:, 2:] > picture.bbox.extents[2:]).any(axis=1)
    assert [text.get_text() for text, is_outside in zip(shown, outside, strict=True) if is_outside] == []
    begin, end = boxes[:, None, :2], boxes[None, :, 2:]
    # As Bbox.overlaps has it: each begins before the other one ends, in both directions.
    overlap = (begin <= end).all(axis=2) & (begin <= end).all(axis=2).T
    pairs = np.argwhere(np.triu(overlap, 1))
    assert [(shown[i].get_text(), shown[j].get_text()) for i, j in pairs] == []


def test_names_are_text_and_no_formulas():
    """Broken mathtext in names, texts and verdict is drawn as it stands; control characters are replaced."""
    figures = [
        Figure("$\\frac{a$\n\x1b", "share", "share of '$\\bad{$'", 0.4, 0.9, 0.01, 50.0),
        Figure("$\\frac{a$\n\x1b", "share", "share of others", 0.6, 0.1, 0.01, -50.0),
    ]
    picture = draw(judge(figures, 1))
    picture.canvas.draw()
    found = [text.get_text() for text in texts(picture)]
    assert "$\\frac{a$\ufffd\ufffd" in found
    assert "$\\bad{$" in found


def test_columns_without_spread_or_values_are_drawn(tmp_path):
    """Constants, infinities and columns of nulls alone, without a warning."""
    infinite = (-math.inf, 0.0, 1.0, 2.0, math.inf)
    figures = [
        *numbers("constant", np.full(100, 3.0), np.full(10, 3.0)),
        *numbers("other constant", np.full(100, 3.0), np.full(10, 4.0)),
        *number_figures(NumberSource("nulls", 100, 0), np.full(10, np.nan)),
        *number_figures(
            NumberSource("infinite", 100, 100, math.nan, math.nan, -math.inf, math.inf, infinite),
            np.r_[-np.inf, np.zeros(5), np.full(4, np.inf)],
        ),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = draw(judge(figures, 4), str(tmp_path / "a.png"))
    assert "no values" in [text.get_text() for text in texts(picture)]


def test_pyplot_is_left_alone():
    """A program's own pyplot figures and backend are not touched: pyplot is never imported."""
    code = (
        "import sys\n"
        "from airflow_spark_guard.job.collection.representativeness.deviation import Figure\n"
        "from airflow_spark_guard.job.collection.representativeness.comparison import judge\n"
        "judge([Figure('a', 'mean', 'mean', 1.0, 1.0, 0.1, 0.0)], 1).plot()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch):
    """The message names the package, and what shows the same without it."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SampleError) as told:
        draw(result())
    assert str(told.value) == (
        "The comparison cannot be drawn.\n"
        "  got: no matplotlib in this Python\n"
        "  expected: matplotlib\n"
        "  do: Install it: pip install matplotlib. str(result) shows the same as a table."
    )
