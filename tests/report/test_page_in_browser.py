"""The page as people meet it: pointer, keys, phone, dark, and no network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Browser, Page

from pipeline.pages.rendering import render
from tests.browser import Watched, open_browser

CHOSEN = "document.querySelector('.image').classList.contains('chosen')"
WEIGHTS = """[...document.querySelectorAll('#veil-mask rect')].slice(1)
    .map(hole => +hole.getAttribute('fill-opacity'))"""
STRONGEST = (
    "[...document.querySelectorAll('rect.strongest')].map(r => r.getAttribute('aria-label'))"
)
PAIR = "JSON.parse(document.querySelector('[data-viewer] script').textContent)[{}]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def watched(browser: Browser, reported: Path) -> Iterator[Watched]:
    page = browser.new_page()
    watched = Watched(page)
    page.goto((reported / "data/reports/index.html").as_uri())
    yield watched
    page.close()


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


def strongest(pair: dict[str, Any], word: int) -> str:
    weights = pair["word_regions"][word]
    region = weights.index(max(weights))
    return f"Region {region + 1}, {pair['objects'][region]}"


def test_loads_without_complaint_and_without_network(watched: Watched) -> None:
    watched.page.wait_for_load_state("networkidle")
    assert watched.complaints == []
    assert len(watched.requests) == 1  # the file itself


def test_pointing_at_a_word_changes_the_overlay(page: Page) -> None:
    pair = page.evaluate(PAIR.format(0))
    assert not page.evaluate(CHOSEN)
    page.locator(".word").nth(0).hover()
    assert page.evaluate(CHOSEN)
    weights = pair["word_regions"][0]
    expected = [weight / max(weights) for weight in weights]
    assert page.evaluate(WEIGHTS) == pytest.approx(expected, abs=1e-3)
    assert page.evaluate(STRONGEST) == [strongest(pair, 0)]
    assert pair["spelled"][0] in page.locator("[role=status]").inner_text()
    page.mouse.move(0, 0)
    assert not page.evaluate(CHOSEN)


def test_tapping_keeps_a_word_and_tapping_again_lets_go(page: Page) -> None:
    page.locator(".word").nth(0).click()
    page.mouse.move(0, 0)
    assert page.evaluate(CHOSEN)
    page.locator(".word").nth(0).click()
    page.mouse.move(0, 0)
    assert not page.evaluate(CHOSEN)


def test_choosing_a_region_brightens_its_words(page: Page) -> None:
    pair = page.evaluate(PAIR.format(0))
    page.locator(".cosine").nth(1).click()
    assert page.evaluate(STRONGEST) == [f"Region 2, {pair['objects'][1]}"]
    found = page.evaluate(
        "[...document.querySelectorAll('.word')].map(w => +w.style.getPropertyValue('--weight'))"
    )
    weights = pair["region_words"][1]
    expected = [100 * weight / max(weights) for weight in weights]
    assert found == pytest.approx(expected, abs=1e-3)


def test_keyboard_alone_is_enough(page: Page) -> None:
    page.locator("#viewer-pair").focus()
    page.keyboard.press("ArrowDown")  # the next pair
    pair = page.evaluate(PAIR.format(1))
    shown = [i for i, part in enumerate(pair["spelled"]) if part]
    texts = [pair["spelled"][i] for i in shown]
    assert page.locator(".word:visible").all_inner_texts() == texts
    for _ in range(3):  # previous, next, then the image's first region
        page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == f"Region 1, {pair['objects'][0]}"
    assert page.evaluate(STRONGEST) == [focused]
    for _ in range(2):  # the link to the equation, then the words, which are one stop
        page.keyboard.press("Tab")
    assert page.evaluate(STRONGEST) == [strongest(pair, shown[0])]
    page.keyboard.press("ArrowRight")
    selected = page.locator(".word[aria-selected=true]")
    assert selected.all_inner_texts() == [texts[1]]
    assert page.evaluate(STRONGEST) == [strongest(pair, shown[1])]
    page.keyboard.press("Escape")
    assert not page.evaluate(CHOSEN)


def test_tokens_are_shown_on_demand(page: Page) -> None:
    pair = page.evaluate(PAIR.format(0))
    page.locator("[data-tokens]").check()
    assert page.locator(".word:visible").all_inner_texts() == pair["words"]
    page.locator("[data-tokens]").uncheck()
    assert page.locator(".word:visible").all_inner_texts() == [*filter(None, pair["spelled"])]


def test_every_control_has_a_name(page: Page) -> None:
    nameless = page.evaluate(
        """[...document.querySelectorAll(
            'button, select, input, [role=option], [role=listbox], svg[role], img')]
        .filter(e => !(e.hidden || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
          || e.textContent.trim() || e.hasAttribute('alt') || e.labels?.length))
        .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert nameless == []


def test_phone_needs_no_sideways_scrolling(browser: Browser, reported: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto((reported / "data/reports/index.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


def test_light_and_dark_differ(browser: Browser, reported: Path) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto((reported / "data/reports/index.html").as_uri())
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]


def test_model_without_alignment_net_is_shown_without_attention(
    browser: Browser, tmp_path: Path
) -> None:
    pair = {
        "title": "x",
        "image": "data:,",
        "aspect": 1.5,
        "words": ["a", "dog"],
        "spelled": ["A", "dog"],
        "undecided": [],
        "boxes": [[0, 0, 500, 500]],
        "objects": ["dog"],
        "labels": ["no", "yes"],
        "votes": {"association": [300, 700], "both": [300, 700]},
        "predicted": "yes",
        "gold": "no",
    }
    html = render("serve.html", text="", pairs=[pair], fault="", megabytes=1)
    (tmp_path / "page.html").write_text(html)
    page = browser.new_page()
    watched = Watched(page)
    page.goto((tmp_path / "page.html").as_uri())
    page.locator(".word").nth(1).click()
    assert "no alignment net" in page.locator("[role=status]").inner_text()
    assert page.locator(".verdict").inner_text() == "Predicted yes, annotated no."
    assert watched.complaints == []
    page.close()
