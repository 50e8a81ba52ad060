"""python -m pipeline search."""

import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import torch
from markupsafe import escape
from PIL import Image
from ruamel.yaml import YAML

from pipeline import paths
from pipeline.__main__ import main
from stages.search import keywords, train
from tests.search.tiny import tiny_params
from tests.small_project import working_in

SMALL = {"keywords": {"min_df": 1}, "train": {"epochs": 1, "batch_size": 16}}
SAMPLE = Path("data/sample")
REGIONS = "data/features/regions.h5"


@pytest.fixture(scope="module")
def project(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("search") / "project"
    shutil.copytree(small_project, folder)
    (folder / "stages" / "search").mkdir(parents=True)
    YAML().dump(tiny_params(**SMALL).model_dump(), folder / "stages/search/params.yaml")
    with working_in(folder):
        keywords.main()
        train.main()
        yield folder
    torch.use_deterministic_algorithms(False)


def table(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Rank, name, score and both weights of each line."""
    lines = capsys.readouterr().out.splitlines()
    return [line.split()[:5] for line in lines if re.match(r" *\d+\.  ", line)]


def test_a_feature_file_and_the_archive_it_is_from_find_the_same(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["search", "a dog on a beach", "--index", REGIONS, "--top", "4"])
    from_file = table(capsys)
    main(["search", "a dog on a beach", "--index", str(SAMPLE / "image.zip"), "--top", "4"])
    from_archive = table(capsys)
    assert [line[2:] for line in from_file] == [line[2:] for line in from_archive]
    assert len(from_file) == 4
    scores = [float(line[2]) for line in from_file]
    assert scores == sorted(scores, reverse=True)
    for line in from_file:
        assert float(line[3]) + float(line[4]) == pytest.approx(1, abs=0.011)


class Sheet(HTMLParser):
    """The names of a sheet's images, and all that it would load from elsewhere."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.images: list[str | None] = []
        self.foreign: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "img":
            self.images.append(values["alt"])
        links = [values.get(name) or "" for name in ("src", "href")]
        self.foreign += [link for link in links if link and not link.startswith("data:")]


def test_the_contact_sheet_shows_the_images_of_the_table(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for name, color in (("<b>red</b>.png", "red"), ("blue.jpg", "blue")):
        Image.new("RGB", (80, 60), color).save(images / name.replace("/", "_"))
    out = tmp_path / "sheet.html"
    main(["search", "red & blue", "--index", str(images), "--out", str(out)])
    page = out.read_text()
    sheet = Sheet(page)
    assert sheet.images == [line[1] for line in table(capsys)]
    assert sorted(filter(None, sheet.images)) == ["<b>red<_b>.png", "blue.jpg"]
    assert sheet.foreign == []
    assert "red &amp; blue" in page
    assert page.count('class="share"') == 2


def test_images_of_a_feature_file_are_known_by_their_bytes(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sheet.html"
    words = ["search", "dog", "--index", REGIONS, "--top", "3", "--out", str(out)]
    main(words)
    assert Sheet(out.read_text()).images == []
    unnamed = table(capsys)
    main([*words, "--images", str(SAMPLE / "image.zip")])
    named = table(capsys)
    assert [line[2:] for line in named] == [line[2:] for line in unnamed]
    assert all(line[1].endswith(".png") for line in named)
    page = out.read_text()
    assert Sheet(page).images == [line[1] for line in named]
    images = pd.read_parquet(paths.IMAGES).set_index("name")["key"]
    pairs = pd.read_parquet(paths.PAIRS).set_index("image_key")["id"]
    posts = pd.read_parquet(paths.POSTS).set_index("id")["text"]
    for line in named:
        assert f"<p>{escape(posts[pairs[images[line[1]]]])}</p>" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["  ", "--index", REGIONS], "the query is empty"),
        (["dog", "--index", "nowhere"], "nowhere: no such archive or folder"),
        (["dog", "--index", "nowhere.h5"], r"nowhere\.h5 not found"),
        (["dog", "--index", REGIONS, "--model", "nowhere"], r"nowhere/config\.json not found"),
        (["dog", "--index", "data/features/glove.h5"], r"glove\.h5"),
    ],
)
def test_faults_are_named(project: Path, words: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        main(["search", *words])


@pytest.fixture
def odd_names(tmp_path: Path) -> Path:
    """Pictures whose names are no cells of tables, and two files that are no pictures."""
    folder = tmp_path / "odd"
    folder.mkdir()
    composed, decomposed = (unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD"))
    names = [" lead.png", composed, decomposed, "\x1b[31mred\u202e.png", os.fsdecode(b"\xff.png")]
    for number, name in enumerate(names):
        Image.new("RGB", (30, 20), (number, 0, 0)).save(folder / name, "PNG")
    (folder / "cut.png").write_bytes((folder / " lead.png").read_bytes()[:45])
    (folder / "notes.txt").write_text("none")
    return folder


def test_every_picture_is_found_whatever_its_name_and_others_are_listed(
    project: Path,
    odd_names: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    out = odd_names.parent / "sheet.html"
    main(["search", "red", "--index", str(odd_names), "--out", str(out)])
    output = capsys.readouterr().out
    assert len(re.findall(r"^ *\d+\.  ", output, re.MULTILINE)) == 5
    for name in (" lead.png", r"\u001b[31mred\u202e.png", r"\udcff.png"):
        assert name in output
    assert "\x1b" not in output
    assert len(Sheet(out.read_text(encoding="utf-8")).images) == 5
    log = caplog.text
    assert "files that are left out, of 7 (2)" in log
    assert "'cut.png': broken image" in log
    assert "'notes.txt': no image of a known format" in log


def test_texts_are_ranked_for_each_picture_by_the_scores_of_searching(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = ["a dog on a beach", "my cat", "the red house"]
    file = tmp_path / "texts.txt"
    file.write_text("\n".join([*texts, "", texts[0]]) + "\n")
    archive = str(SAMPLE / "image.zip")
    expected: dict[str, dict[str, str]] = {}
    for text in texts:
        main(["search", text, "--index", archive, "--top", "1000"])
        for line in table(capsys):
            expected.setdefault(line[1], {})[text] = line[2]
    main(["search", "--texts", str(file), "--index", archive, "--top", "2"])
    name, found = "", dict[str, list[tuple[str, str]]]()
    for line in capsys.readouterr().out.splitlines():
        if ranked := re.match(r" *\d+\.  (\S+)  (.*)", line):
            found[name].append((ranked[2], ranked[1]))
        else:
            name = line
            found[name] = []
    assert found.keys() == expected.keys()
    for name, ranked_texts in found.items():
        scores = [float(score) for _, score in ranked_texts]
        assert len(scores) == 2
        assert scores == sorted(scores, reverse=True)
        assert max(map(float, expected[name].values())) == scores[0]
        assert all(expected[name][text] == score for text, score in ranked_texts)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--texts", "blank.txt"], "has no text"),
        (["--texts", "blank.txt", "--out", "a.html"], "only printed"),
        (["--texts", "absent.txt"], "no such file"),
    ],
)
def test_faults_of_texts_are_named(project: Path, words: list[str], message: str) -> None:
    Path("blank.txt").write_text(" \n\n")
    with pytest.raises(SystemExit, match=message):
        main(["search", *words, "--index", REGIONS])
