"""The local web page: classify a post and show the model's attention."""

from collections.abc import Callable, Sequence
from threading import Lock

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from pipeline.errors import UserError
from pipeline.pages.rendering import render
from pipeline.prediction import Inspection, Post, Predictor
from pipeline.report.viewer import Example, viewer_pair
from pipeline.serving.limits import BodyLimit, SameOrigin

MAX_UPLOAD = 10 * 2**20
_UPLOAD_SECONDS = 60.0
_MAX_TEXT = 10_000
_HEADERS = {
    "Cache-Control": "no-store",
    # With "no-referrer", browsers would hide the page's own origin too.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def make_app(predictor: Predictor, hosts: Sequence[str]) -> Starlette:
    """The app for one model, which classifies one post at a time.

    Of an upload, only the image's bytes and the text are read, never its file name.

    hosts: accepted `Host` headers, against DNS rebinding: a foreign web page whose name resolves to
    this machine.
    """
    classify = _one_at_a_time(predictor)

    async def show(request: Request) -> HTMLResponse:
        return _page()

    async def answer(request: Request) -> HTMLResponse:
        text = ""
        try:
            image, text = await _read_form(request)
            return _page(text=text, pairs=[await run_in_threadpool(classify, image, text)])
        except UserError as error:
            return _page(text=text, fault=str(error), status=400)

    routes = [Route("/", show, methods=["GET"]), Route("/", answer, methods=["POST"])]
    return Starlette(routes=routes, middleware=_limits(hosts))


def _limits(hosts: Sequence[str]) -> list[Middleware]:
    return [
        Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        Middleware(SameOrigin),
        Middleware(BodyLimit, limit=MAX_UPLOAD, seconds=_UPLOAD_SECONDS),
    ]


async def _read_form(request: Request) -> tuple[bytes, str]:
    try:
        async with request.form(max_files=1, max_fields=1, max_part_size=4 * _MAX_TEXT) as form:
            image, text = form.get("image"), form.get("text")
            if not isinstance(image, UploadFile) or not isinstance(text, str):
                raise UserError("an image and a text are needed")
            data = await image.read()
    except HTTPException as error:
        raise UserError(f"the form cannot be read: {error.detail}") from None
    if not data:
        raise UserError("choose an image first")
    if len(text) > _MAX_TEXT:
        raise UserError(f"the text has {len(text):,} characters; allowed: {_MAX_TEXT:,}")
    return data, text


def _one_at_a_time(predictor: Predictor) -> Callable[[bytes, str], dict[str, object]]:
    lock = Lock()

    def classify(data: bytes, text: str) -> dict[str, object]:
        with lock:  # decoding too, whose memory a small file can make large
            post = Post.of(data, text, "this post")
            (inspection,) = predictor.inspect([post])
            return viewer_pair(_example(post, inspection), predictor.labels)

    return classify


def _example(post: Post, found: Inspection) -> Example:
    image, words = post.image.open(), found.prediction.words
    return Example(post.id, image, post.text, words, found.regions, found.row, found.output)


def _page(
    text: str = "", pairs: Sequence[dict[str, object]] = (), fault: str = "", status: int = 200
) -> HTMLResponse:
    html = render(
        "serve.html", text=text, pairs=list(pairs), fault=fault, megabytes=MAX_UPLOAD // 2**20
    )
    return HTMLResponse(html, status, headers=_HEADERS)
