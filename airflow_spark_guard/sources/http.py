"""Asks a web server that may be slow, wrong, or not Spark's at all: bounded in time, size and redirects."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from airflow_spark_guard.core.clock import EpochTime, MonotonicTime
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from airflow_spark_guard.core.web.http_errors import no_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.web.answer import Dialogue, Request

T = TypeVar("T")

MAX_BODY = 8 << 20
# In a triggerer, whose one event loop and memory all triggers share.
MAX_BODY_IN_TRIGGER = 1 << 20
# A larger answer is parsed on a thread, so that it does not block the loop.
_READ_HERE = 32 << 10
_MAX_REDIRECTS = 3
_LONGEST_HOST = 260
_LARGEST_PORT = 65535
_UNAUTHORIZED = 401
_NEGOTIATE = "Negotiate"
# A dialogue may take this many times the longest silence.
_PATIENCE = 3
# Redirects of other methods are not followed: the request would be sent twice.
_HARMLESS = frozenset({"GET", "HEAD"})
_TOO_LARGE = "The triggerer does not read answers of this size: set deferrable=False."


class HttpSource:
    """Runs dialogues with a web server. Belongs to one event loop.

    Args:
        base_url: prefix of relative paths.
        timeout: longest silence of the server, in seconds; a whole dialogue may take three times that.
        max_body: the largest answer to read, in bytes.
        access: credentials and certificates for ``base_url``; None for none.

    Raises:
        OSError: the file of certificates that ``access`` names does not exist.
    """

    def __init__(
        self,
        base_url: str = "",
        *,
        timeout: float = 5.0,
        max_body: int = MAX_BODY,
        access: Access | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._access = access or Access()
        self._timeout = timeout
        self._budget = timeout * _PATIENCE
        self._max_body = max_body
        # No proxy and no netrc from the environment: the cluster's servers must not get its credentials.
        # Without compression a short answer cannot expand in memory.
        self._client = httpx.AsyncClient(
            timeout=timeout,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
            verify=_certificates(self._access.verify),
        )

    async def run(self, dialogue: Dialogue[T]) -> T:
        """Send the dialogue's requests until it returns.

        Raises:
            UnusableAnswerError: an answer that the dialogue needs is missing.
        """
        deadline = MonotonicTime(asyncio.get_running_loop().time() + self._budget)
        turn = _turn(dialogue.send, None)
        while not isinstance(turn, _Over):
            try:
                answer = await self._ask(turn, deadline)
            except UnusableAnswerError as error:
                turn = _turn(dialogue.throw, error)
            else:
                is_small = len(answer.body) <= _READ_HERE
                reading = partial(_turn, dialogue.send, answer)
                turn = reading() if is_small else await asyncio.to_thread(reading)
        result: T = turn.value
        return result

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, request: Request, deadline: MonotonicTime) -> Answer:
        url = request.url if "://" in request.url else f"{self._base}{request.url}"
        try:
            async with asyncio.timeout_at(deadline):
                return await self._follow(self._built(url, request))
        except TimeoutError as error:
            text = f"no complete answer within {self._budget:g} s"
            raise UnusableAnswerError(text, advice="A longer timeout may help.") from error
        except UnusableAnswerError:
            raise
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            OSError,
            ValueError,
        ) as error:  # ValueError: for a malformed host name
            raise no_answer(error, url, self._timeout) from error

    def _built(self, url: str, request: Request) -> httpx.Request:
        sent: dict[str, Any] = {"data": dict(request.form)} if request.form is not None else {}
        if request.body is not None:
            sent = {"json": request.body}
        method = request.method or ("POST" if sent else "GET")
        # An address from an answer, such as a worker's log page, may lead to any server.
        is_ours = self._base and url.startswith(f"{self._base}/")
        headers = dict(self._access.headers) if is_ours else {}
        built = self._client.build_request(method, url, headers=headers, **sent)
        if (built.url.port or 0) > _LARGEST_PORT:  # the loop would raise another error than OSError
            raise UnusableAnswerError(f"no answer: {built.url.port} is not a valid port")
        return built

    async def _follow(self, request: httpx.Request) -> Answer:
        for _ in range(_MAX_REDIRECTS + 1):
            answer, target = await self._once(request)
            if target is None:
                return answer
            _check_redirect(request, target)
            request = target
        raise UnusableAnswerError(f"the answer takes too many redirects (limit: {_MAX_REDIRECTS})")

    async def _once(self, request: httpx.Request) -> tuple[Answer, httpx.Request | None]:
        response = await self._client.send(request, stream=True, follow_redirects=False)
        if self._wants_token(response):
            await response.aclose()
            # A server accepts a token once; afterwards it identifies us by a cookie.
            token = await asyncio.to_thread(self._token, request.url.host)
            request.headers["Authorization"] = f"{_NEGOTIATE} {token}"
            response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            body = b"" if response.next_request else await self._body(response)
        finally:
            await response.aclose()
        return Answer(response.status_code, body, _date(response)), response.next_request

    def _wants_token(self, response: httpx.Response) -> bool:
        """Whether the server of ``base_url`` asks for a Kerberos token, and ``access`` can give one."""
        is_ours = self._base and str(response.request.url).startswith(f"{self._base}/")
        if self._access.negotiate is None or response.status_code != _UNAUTHORIZED or not is_ours:
            return False
        offers = response.headers.get_list("WWW-Authenticate", split_commas=True)
        return any(offer.strip().split(" ")[0].lower() == _NEGOTIATE.lower() for offer in offers)

    def _token(self, host: str) -> str:
        return self._access.negotiate(host) if self._access.negotiate is not None else ""

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_body:
                raise UnusableAnswerError(
                    f"the answer is larger than {self._max_body} bytes",
                    advice=_TOO_LARGE if self._max_body == MAX_BODY_IN_TRIGGER else "",
                )
        return bytes(body)


@dataclass(frozen=True)
class _Over:
    """The end of a dialogue, with its return value."""

    value: Any


def _turn(advance: Callable[[Any], Request], given: object) -> Request | _Over:
    """The dialogue's next request, or its end; may be called on any thread.

    Raises:
        UnusableAnswerError: an answer that the dialogue needs is missing, or has an unexpected shape.
    """
    try:
        return advance(given)
    except StopIteration as end:
        return _Over(end.value)
    except UnusableAnswerError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise UnusableAnswerError(f"the answer cannot be read ({type(error).__name__})") from error


def _check_redirect(request: httpx.Request, target: httpx.Request) -> None:
    """Allow redirects to the same server only: another port of its host may belong to another user.

    Raises:
        UnusableAnswerError: it leads elsewhere, or would send the request's content again.
    """
    if target.url.host != request.url.host:
        raise UnusableAnswerError(
            f"the answer is a redirect to another host, {target.url.host[:_LONGEST_HOST]!r}",
            advice="If that is a login page, give credentials that the server itself accepts; "
            "else set the server's address to the host that it redirects to.",
        )
    if _origin(target) != _origin(request):
        raise UnusableAnswerError(
            f"the answer is a redirect to another port, {_origin(target)[:_LONGEST_HOST]}",
            advice="Set the server's address to the one that it redirects to, if that is Spark's as well.",
        )
    if target.method not in _HARMLESS:
        raise UnusableAnswerError(f"the answer to a {request.method} is a redirect that would repeat it")


def _origin(request: httpx.Request) -> str:
    """Scheme, host and port."""
    url = request.url
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return f"{url.scheme}://{url.host}:{port}"


@lru_cache(maxsize=16)
def _certificates(verify: bool | str) -> ssl.SSLContext:  # noqa: FBT001 - the setting's own type
    """Shared by all sources: each costs a megabyte and some milliseconds."""
    if verify is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    return ssl.create_default_context(cafile=None if verify is True else verify)


def _date(response: httpx.Response) -> EpochTime | None:
    try:
        return EpochTime(parsedate_to_datetime(response.headers.get("date", "")).timestamp())
    except (ValueError, OverflowError):
        return None
