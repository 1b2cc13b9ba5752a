"""How a web server lets us in: credentials, and whose certificate is believed."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Access:
    """Sent to the server that a source is about, never to another one that it names or redirects to.

    Attributes:
        headers: sent with every request; they may hold a secret, so nothing here shows them.
        negotiate: makes the token, in base64, for a host that asks for one (``WWW-Authenticate: Negotiate``,
            Kerberos); it may wait for a key distribution center, and raises ``UnusableAnswerError`` where
            there is no ticket. None where nobody may ask for one.
        verify: of TLS: True for the machine's certificates, a file of certificates, or False for none, which
            lets anybody on the way read and answer.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    verify: bool | str = True
    negotiate: Callable[[str], str] | None = field(default=None, repr=False)

    @classmethod
    def basic(cls, login: str, password: str, *, verify: bool | str = True) -> Self:
        """HTTP's basic authentication."""
        token = base64.b64encode(f"{login}:{password}".encode()).decode()
        return cls({"Authorization": f"Basic {token}"}, verify)

    @classmethod
    def bearer(cls, token: str, *, verify: bool | str = True) -> Self:
        """A token, as Kubernetes and most proxies take it."""
        return cls({"Authorization": f"Bearer {token}"}, verify)
