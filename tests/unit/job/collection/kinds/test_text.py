"""Texts: what Spark sends of them, and how they become codes."""

from __future__ import annotations

import math
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.job.collection.kinds.text import Text, TextReader

SETTINGS = settings(derandomize=True)
NAN = math.nan


def reader(categories=None):
    return TextReader("t", 1, categories)


def codes_of(texts, column, dtype="float64"):
    return texts.rows([column], dtype).ravel()


TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(["b", "a", "", "\u00e4", "zz"])), max_size=15)


@given(batches=st.lists(TEXTS, max_size=4), keep=st.randoms(use_true_random=False))
@SETTINGS
def test_codes_are_sorted_by_their_texts(batches, keep):
    """Whatever came first, and whatever rows were dropped in between: sorted, without gaps, null is NaN."""
    texts = reader()
    parts = [codes_of(texts, pa.array(batch, pa.string())) for batch in batches]
    rows = [text for batch in batches for text in batch]
    codes = np.concatenate([np.empty(0), *parts])
    kept = [keep.random() < 0.7 for _ in rows]
    codes, rows = codes[kept], [text for text, there in zip(rows, kept, strict=True) if there]
    ordered = sorted({text for text in rows if text is not None})
    assert texts.sort(codes) == tuple(ordered)
    np.testing.assert_array_equal(codes, [NAN if text is None else ordered.index(text) for text in rows])


def test_codes_are_sorted_again_after_a_cut():
    """Texts whose rows were all cut are forgotten, the others move up."""
    texts = reader()
    codes = codes_of(texts, pa.array(["c", "a", "b"]), "float32")
    texts.sort(codes)
    codes = codes[[0, 2]]
    assert texts.sort(codes) == ("b", "c")
    assert codes.tolist() == [1, 0]
    assert codes.dtype == np.float32


def test_given_categories_keep_their_codes():
    """Their order is not touched, others are missing, and those that did not come stay."""
    texts = reader(("z", "a", "m"))
    codes = codes_of(texts, pa.array(["a", "other", None, "z"]))
    assert texts.sort(codes) == ("z", "a", "m")
    np.testing.assert_array_equal(codes, [1, NAN, NAN, 0])


@given(batch=TEXTS, categories=st.permutations(["b", "a", "", "x"]))
@SETTINGS
def test_codes_of_known_categories_are_their_places(batch, categories):
    """Also where a batch has none of them, or nothing but them."""
    codes = codes_of(reader(tuple(categories)), pa.array(batch, pa.string()))
    places = [categories.index(text) if text in categories else NAN for text in batch]
    np.testing.assert_array_equal(codes, places)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("categories", [None, ("a",)])
def test_a_column_of_nulls_has_no_codes(kind, categories):
    """All NaN, and no texts; a batch without rows has no codes at all."""
    texts = reader(categories)
    nulls = codes_of(texts, pa.array([None, None], kind))
    assert np.isnan(nulls).all()
    assert len(codes_of(texts, pa.array([], kind))) == 0
    assert texts.sort(nulls) == (categories or ())


def test_different_texts_take_memory_once():
    """Those that the caller knew before are the caller's."""
    texts, known = reader(), reader(("a", "b"))
    for batch in (["a", "b", None], ["b"], ["b", "a"]):
        codes_of(texts, pa.array(batch))
        codes_of(known, pa.array(batch))
    assert texts.text_bytes == sys.getsizeof("a") + sys.getsizeof("b")
    assert known.text_bytes == 0


def test_a_collation_is_left_in_spark():
    """From here on texts are compared letter by letter."""
    assert Text("a`b", "string").parts("float") == ["`a``b`"]
    assert Text("a", "string collate UNICODE_CI").parts("float") == ["CAST(`a` AS STRING)"]
