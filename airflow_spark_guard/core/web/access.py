"""Access to a web server: credentials, and trusted certificates."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Access:
    """Credentials for one server; never sent to another one that it names or redirects to.

    Attributes:
        headers: sent with every request; never shown, because they may hold a secret.
        negotiate: returns the token, in base64, for a host that requires one (``WWW-Authenticate:
            Negotiate``, Kerberos); it may wait for a key distribution center, and raises
            ``UnusableAnswerError`` without a ticket. None: such hosts cannot be accessed.
        verify: for TLS: True for the machine's certificates, the path of a file of certificates, or False for
            no check, which allows a man in the middle.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    verify: bool | str = True
    negotiate: Callable[[str], str] | None = field(default=None, repr=False)

    @classmethod
    def basic(cls, login: str, password: str, *, verify: bool | str = True) -> Self:
        """HTTP basic authentication."""
        token = base64.b64encode(f"{login}:{password}".encode()).decode()
        return cls({"Authorization": f"Basic {token}"}, verify)

    @classmethod
    def bearer(cls, token: str, *, verify: bool | str = True) -> Self:
        """A bearer token, for Kubernetes and most proxies."""
        return cls({"Authorization": f"Bearer {token}"}, verify)
