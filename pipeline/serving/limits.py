"""Limits the size, the time and the origin of requests."""

from asyncio import timeout
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A body that is too large is still read, and discarded, up to this multiple of the limit: a browser
# that is cut off while sending shows a broken connection instead of the reason.
_DISCARDED = 16


class SameOrigin:
    """Passes what a page of this server sends to the app; answers other pages' posts with 403.

    A foreign page can post a form to any address, this machine's too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and origin.partition("://")[2] != headers.get("host"):
                message = "Another page has sent this post. Open this address and send it there.\n"
                await PlainTextResponse(message, status_code=403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """Passes requests with a body of at most `limit` bytes that arrives within `seconds` to the
    app; answers others with 413 or 408.
    """

    def __init__(self, app: ASGIApp, limit: int, seconds: float) -> None:
        self._app, self._limit, self._seconds = app, limit, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with timeout(self._seconds):
                body = await self._read(receive)
        except TimeoutError:
            message = f"The post did not arrive within {self._seconds:.0f} seconds.\n"
            await PlainTextResponse(message, status_code=408)(scope, receive, send)
            return
        if body is None:
            message = f"A post may have at most {self._limit // 2**20} MB.\n"
            await PlainTextResponse(message, status_code=413)(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The body, or None if it is too large."""
        body, size = bytearray(), 0
        async with aclosing(_chunks(receive)) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size <= self._limit:
                    body += chunk
                elif size > _DISCARDED * self._limit:
                    break
        return bytes(body) if size <= self._limit else None


async def _chunks(receive: Receive) -> AsyncGenerator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _replay(body: bytes, receive: Receive) -> Receive:
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return whole.pop() if whole else await receive()

    return next_message
