"""The local page: drop in a picture, type a text, see what the model says and looks at."""

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
from pipeline.prediction import Post, Predictor
from pipeline.report.pages import render
from pipeline.report.viewer import viewer_pair
from pipeline.serving.limits import BodyLimit

MAX_UPLOAD = 10 * 2**20
_MAX_TEXT = 10_000
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_app(predictor: Predictor, hosts: Sequence[str]) -> Starlette:
    """The page for one model.

    Of a client only a picture's bytes and a text are taken: names of files, and with them paths,
    are not looked at. One post is judged at a time.

    Args:
        hosts: names under which the page may be asked for. Without that check, a web page elsewhere
            could talk to this one under a name of its own that leads to this machine.
    """
    judge = _one_at_a_time(predictor)

    async def show(request: Request) -> HTMLResponse:
        return _page()

    async def answer(request: Request) -> HTMLResponse:
        text = ""
        try:
            image, text = await _read_form(request)
            return _page(text=text, pairs=[await run_in_threadpool(judge, image, text)])
        except UserError as error:
            return _page(text=text, fault=str(error), status=400)

    return Starlette(
        routes=[Route("/", show, methods=["GET"]), Route("/", answer, methods=["POST"])],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
            Middleware(BodyLimit, most=MAX_UPLOAD),
        ],
    )


async def _read_form(request: Request) -> tuple[bytes, str]:
    try:
        async with request.form(max_files=1, max_fields=1, max_part_size=4 * _MAX_TEXT) as form:
            image, text = form.get("image"), form.get("text")
            if not isinstance(image, UploadFile) or not isinstance(text, str):
                raise UserError("a picture and a text are needed")
            data = await image.read()
    except HTTPException as error:
        raise UserError(f"the form cannot be read: {error.detail}") from None
    if not data:
        raise UserError("choose a picture first")
    if len(text) > _MAX_TEXT:
        raise UserError(f"the text has {len(text):,} characters; allowed: {_MAX_TEXT:,}")
    return data, text


def _one_at_a_time(predictor: Predictor) -> Callable[[bytes, str], dict[str, object]]:
    lock = Lock()

    def judge(image: bytes, text: str) -> dict[str, object]:
        post = Post.of(image, text, "this post")
        with lock:
            (seen,) = predictor.look([post])
        words = seen.prediction.words
        picture = post.picture.open()
        return viewer_pair(
            "post", picture, words, seen.regions, seen.row, seen.judgement, predictor.labels
        )

    return judge


def _page(
    text: str = "",
    pairs: Sequence[dict[str, object]] = (),
    fault: str = "",
    status: int = 200,
) -> HTMLResponse:
    html = render(
        "serve.html", text=text, pairs=list(pairs), fault=fault, megabytes=MAX_UPLOAD // 2**20
    )
    return HTMLResponse(html, status, headers=_HEADERS)
