"""Whether a request that changes something was sent by our own page, or with a token.

A cookie alone proves nothing: the browser sends it with requests that other hosts of the same site make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER: Final = "x-spark-guard"
"""Set by our page's script. No form can send it, and a script of another origin must ask first."""
_BEARER = "bearer "
_SAME = {"", "same-origin"}


def refusal(headers: Mapping[str, str], base_url: str = "") -> str:
    """Why the request is refused, in one sentence; empty if it is not.

    Args:
        headers: of the request, their names in lower case.
        base_url: at which browsers reach Airflow, for a proxy that changes ``Host``; may be empty.
    """
    if headers.get("authorization", "").lower().startswith(_BEARER):
        return ""
    if headers.get(HEADER) != "1":
        return f"The request has neither a token in Authorization nor the header {HEADER}."
    if headers.get("sec-fetch-site", "") not in _SAME:
        return "The request was sent by another site."
    origin = urlsplit(headers.get("origin", ""))
    own = {headers.get("host", ""), urlsplit(base_url).netloc} - {""}
    if origin.scheme not in {"http", "https"} or origin.netloc not in own:
        return "The request was sent by a page of another origin."
    return ""
