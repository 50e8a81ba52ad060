"""Limits the size of requests."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A body that is too large is still read, and discarded, up to this multiple of the limit: a browser
# that is cut off while sending shows a broken connection instead of the reason.
_DISCARDED = 16


class BodyLimit:
    """Passes requests with a body of at most `limit` bytes to the app; answers others with 413."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await self._read(receive)
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
