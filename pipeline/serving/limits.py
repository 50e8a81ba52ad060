"""What a client may send."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A refused body is still read so far, and forgotten: a browser that is cut off while it sends
# shows a broken connection instead of the reason.
_READ_ON = 16


class BodyLimit:
    """Lets the app see a request's body only if it has at most `most` bytes; else answers 413."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, size = bytearray(), 0
        async with aclosing(_chunks(receive)) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size <= self._most:
                    body += chunk
                elif size > _READ_ON * self._most:
                    break
        if size > self._most:
            refusal = PlainTextResponse(
                f"More than the {self._most // 2**20} MB that a post may have.\n", status_code=413
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, _replay(bytes(body), receive), send)


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
