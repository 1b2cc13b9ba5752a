"""The guard's own lines are told from the job's."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.text.mark import marked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Finished after 3s", "[guard] Finished after 3s"),
        ("[guard] Over", "[guard] Over"),
        ("::group::Spark configuration", "::group::Spark configuration"),
        ("::endgroup::", "::endgroup::"),
    ],
)
def test_a_line_is_marked_once_and_folding_stays_possible(text, shown):
    """Airflow folds only what begins with the word for it."""
    assert marked(text) == shown
