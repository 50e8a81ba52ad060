"""The local page, asked over a real connection on this machine."""

import asyncio
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("uvicorn")
pytest.importorskip("playwright")
import uvicorn
from playwright.sync_api import Browser
from starlette.types import Message

from pipeline.errors import UserError
from pipeline.pages.rendering import render
from pipeline.prediction import Post, Predictor
from pipeline.report.viewer import undecided
from pipeline.serving.app import make_app
from pipeline.serving.limits import BodyLimit
from tests.browser import Watched, open_browser
from tests.small_project import working_in

BOUNDARY = "part"
TOO_MUCH = 50 * 2**20


@pytest.fixture(scope="module")
def predictor(small_project: Path) -> Iterator[Predictor]:
    with working_in(small_project):
        yield Predictor.from_pretrained(Path("data/models/ananet"))


@pytest.fixture(scope="module")
def port(predictor: Predictor) -> Iterator[int]:
    """A server for the small project's model."""
    app = make_app(predictor, ["127.0.0.1"])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def image() -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((120, 80)).save(buffer, "PNG")
    return buffer.getvalue()


def form(image: bytes, text: str, filename: str | None = "x.png") -> bytes:
    name = f'; filename="{filename}"' if filename else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"{name}\r\n\r\n'
    middle = f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="text"\r\n\r\n{text}'
    return head.encode() + image + f"{middle}\r\n--{BOUNDARY}--\r\n".encode()


def ask(port: int, body: bytes | Iterator[bytes] | None = None, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if body else {}
    connection.request("POST" if body else "GET", "/", body, {**kind, **headers})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def test_page_has_a_form(port: int) -> None:
    status, html = ask(port)
    assert status == 200
    assert 'type="file"' in html


def test_answer_is_that_of_the_predictor(port: int, predictor: Predictor) -> None:
    (expected,) = predictor.predict([Post.of(image(), "my dog is a dog")])
    status, html = ask(port, form(image(), "my dog is a dog"))
    assert status == 200
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.S)
    (pair,) = json.loads(data)
    assert pair["predicted"] == expected.relation
    assert pair["gold"] is None
    assert pair["words"] == expected.words


@pytest.mark.parametrize("announced", [True, False])
def test_50_mb_are_refused(port: int, announced: bool) -> None:
    body = form(bytes(TOO_MUCH), "a")
    parts = (body[i : i + 2**20] for i in range(0, len(body), 2**20))
    status, text = ask(port, body if announced else parts)
    assert status == 413
    assert "10 MB" in text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (form(b"#!/bin/sh\n", "a"), "no image of a known format"),
        (form(image()[:100], "a"), "broken image"),
        (form(b"", "a"), "choose an image first"),
        (form(b"/etc/passwd", "a", filename=None), "the form cannot be read"),
        (form(image(), "a" * 10_001), "10,001 characters"),
        (b"no form at all", "the form cannot be read|are needed"),
    ],
)
def test_what_is_no_post_is_refused(port: int, body: bytes, reason: str) -> None:
    status, html = ask(port, body)
    assert status == 400
    assert re.search(reason, html)


def test_name_of_the_file_is_not_looked_at(port: int) -> None:
    status, html = ask(port, form(image(), "a dog", filename="../../etc/passwd"))
    assert status == 200
    assert "passwd" not in html


def test_text_stays_text(port: int) -> None:
    _, html = ask(port, form(image(), "<script>alert(1)</script>"))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_other_names_of_this_machine_are_refused(port: int) -> None:
    assert ask(port, Host="elsewhere.example")[0] == 400


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:1", "http://127.0.0.1", "null", ""]
)
def test_another_page_s_post_is_refused(port: int, origin: str) -> None:
    status, text = ask(port, form(image(), "a dog"), Origin=origin)
    assert status == 403
    assert "Another page has sent this post" in text


def test_the_own_page_s_post_is_answered(port: int) -> None:
    assert ask(port, form(image(), "a dog"), Origin=f"http://127.0.0.1:{port}")[0] == 200


def test_too_many_pixels_are_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.prediction.posts.POST_PIXELS", 99)
    status, html = ask(port, form(image(), "a dog"))
    assert status == 400
    assert "120 x 80 is more than 99 pixels" in html


def test_posts_are_decoded_one_at_a_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    running, together = threading.Semaphore(1), threading.Event()

    def decode(*_: object) -> Post:
        if not running.acquire(blocking=False):
            together.set()
        together.wait(0.2)  # for another one to begin
        running.release()
        raise UserError("decoded")

    monkeypatch.setattr(Post, "of", decode)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: ask(port, form(image(), "a dog")), range(3)))
    assert [status for status, html in answers if "decoded" in html] == [400] * 3
    assert not together.is_set()


def test_a_stalled_upload_ends_in_an_answer() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(*_: object) -> None:
        raise AssertionError("a body that never came was passed on")

    scope = {"type": "http", "method": "POST", "headers": []}
    asyncio.run(BodyLimit(app, limit=9, seconds=0.01)(scope, receive, send))
    assert sent[0]["status"] == 408


def test_in_a_browser(browser: Browser, port: int, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(image())
    page = browser.new_page()
    watched = Watched(page)
    page.goto(f"http://127.0.0.1:{port}/")
    page.set_input_files("#image", tmp_path / "x.png")
    page.fill("#text", "my dog is a dog")
    page.click("text=Classify")
    page.locator(".word").nth(4).wait_for()
    assert page.locator(".word").all_inner_texts() == ["my", "dog", "is", "a", "dog"]
    page.locator(".word").nth(1).hover()
    assert page.locator("rect.strongest").count() == 1
    assert page.locator(".votes tbody tr").count() == 3
    assert not page.locator("#viewer-pair").is_visible()  # there is one post alone
    # Another text for the same picture.
    page.fill("#text", "the dog")
    page.click("text=Classify")
    page.locator(".word").nth(2).wait_for(state="detached")
    assert page.locator(".word").all_inner_texts() == ["the", "dog"]
    assert page.evaluate("document.querySelector('#image').files[0].name") == "x.png"
    assert watched.complaints == []
    assert set(watched.requests) == {f"http://127.0.0.1:{port}/"}
    page.close()


def test_phone_needs_no_sideways_scrolling(browser: Browser, port: int, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(image())
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(f"http://127.0.0.1:{port}/")
    page.set_input_files("#image", tmp_path / "x.png")
    page.fill("#text", f"dog http://example.org/{'long' * 40}")
    page.click("text=Classify")
    page.wait_for_selector("[data-viewer]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


def test_browser_runs_no_script_from_a_text(browser: Browser, port: int, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(image())
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    page.set_input_files("#image", tmp_path / "x.png")
    page.fill("#text", "</script><script>window.ran = 1</script><img src=x onerror='window.ran=1'>")
    page.click("text=Classify")
    page.wait_for_selector("[data-viewer]")
    assert page.evaluate("window.ran") is None
    assert page.locator("[data-answer] img").count() == 1
    page.close()


def test_a_toss_up_is_called_undecided() -> None:
    labels = ["no", "maybe", "yes"]
    assert undecided(np.array([0.34, 0.33, 0.33], np.float32), labels) == labels
    assert undecided(np.array([0.1, 0.42, 0.48], np.float32), labels) == ["yes", "maybe"]
    assert undecided(np.array([0.2, 0.46, 0.34], np.float32), labels) == []
    post = {"undecided": ["yes", "maybe"], "predicted": "yes"}
    page = render("serve.html", text="", pairs=[post], fault="", megabytes=1)
    assert "Undecided: yes or maybe" in page
    assert "<h2>Yes</h2>" not in page


def test_browser_shows_why_50_mb_are_refused(browser: Browser, port: int, tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(bytes(TOO_MUCH))
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    page.set_input_files("#image", tmp_path / "large.png")
    page.fill("#text", "a dog")
    page.click("text=Classify")
    page.wait_for_selector("text=A post may have at most 10 MB")
    page.close()
