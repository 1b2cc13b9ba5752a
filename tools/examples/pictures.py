"""Pictures of the top of pages, by the Chromium of this machine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_WIDTH, _HEIGHT = 1000, 900
_PATIENCE: Final = 60_000  # milliseconds


def take(pages: Sequence[tuple[Path, Path, str]]) -> None:
    """Write a picture of the top of each page.

    Args:
        pages: the page, where its picture goes, and ``light`` or ``dark``.

    Raises:
        FileNotFoundError: there is no Chromium here.
    """
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        msg = "No Chromium here: apt-get install chromium"
        raise FileNotFoundError(msg)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for page, picture, scheme in pages:
            shown = browser.new_page(
                viewport={"width": _WIDTH, "height": _HEIGHT},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            shown.goto(page.resolve().as_uri())
            shown.wait_for_function("document.documentElement.dataset.drawn", timeout=_PATIENCE)
            shown.screenshot(path=picture)
            shown.close()
        browser.close()
