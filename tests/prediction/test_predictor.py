"""New posts are read and judged exactly as the corpus was."""

import csv
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pytest
from PIL import ExifTags, Image

from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.errors import UserError
from pipeline.files import digest
from pipeline.models.saved import AnANetEncoders
from pipeline.prediction import Post, Predictor, read_posts
from pipeline.prediction.posts import frame_posts
from tests.small_project import TEST_PAIRS, working_in

MODEL = Path("data/models/ananet")
SAMPLE = Path("data/sample")


@pytest.fixture
def project(small_project: Path) -> Iterator[Path]:
    with working_in(small_project):
        yield small_project


@pytest.fixture
def model_copy(project: Path, tmp_path: Path) -> Path:
    copy = shutil.copytree(MODEL, tmp_path / "model")
    # As someone who changes files by hand is told to.
    (copy / "SHA256SUMS").unlink()
    return copy


def edit(path: Path, change: dict[str, object]) -> None:
    content = json.loads(path.read_text())
    for key, value in change.items():
        *parents, name = key.split("/")
        inner = content
        for parent in parents:
            inner = inner[parent]
        inner[name] = value
    path.write_text(json.dumps(content))


def one_post() -> Post:
    with zipfile.ZipFile(SAMPLE / "image.zip") as archive:
        return Post.of(archive.read(archive.namelist()[0]), "My DOG is at https://t.co/a1 #dog")


def test_same_classes_as_evaluation(project: Path) -> None:
    predictor = Predictor.from_pretrained(MODEL)
    with read_posts(SAMPLE / "test_data.csv", SAMPLE / "image.zip") as posts:
        found = list(predictor.predict(posts))
    with Path("data/reports/predictions.csv").open() as file:
        expected = list(csv.DictReader(file))
    assert len(found) == TEST_PAIRS
    assert [one.id for one in found] == [row["id"] for row in expected]
    assert [one.relation for one in found] == [row["predicted"] for row in expected]
    for one, row in zip(found, expected, strict=True):
        for label, probability in one.probabilities.items():
            assert probability == pytest.approx(float(row[f"p_{label}"]), abs=2e-6)
        for stream, vote in one.streams.items():
            assert max(vote, key=lambda label: vote[label]) == row[stream]


def test_rows_of_the_corpus_are_not_computed_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor.from_pretrained(MODEL)
    monkeypatch.setattr(RegionEncoder, "encode", None)
    with read_posts(SAMPLE / "test_data.csv", SAMPLE / "image.zip") as posts:
        assert len(list(predictor.predict(posts))) == TEST_PAIRS


def test_links_name_words_and_boxes(project: Path) -> None:
    (inspection,) = Predictor.from_pretrained(MODEL).inspect([one_post()])
    found = inspection.prediction
    assert found.words == ["my", "dog", "<allcaps>", "is", "at", "<url>", "<hashtag>", "dog"]
    assert 0 < len(found.links) <= 5
    weights = [link.weight for link in found.links]
    assert weights == sorted(weights, reverse=True)
    assert inspection.output.attention
    for link in found.links:
        assert link.word == found.words[link.position]
        assert link.box == tuple(inspection.regions.boxes[inspection.row, link.region].tolist())
        assert link.weight == inspection.output.attention.A_v2t[link.position].max()
    json.dumps(found.as_json(), allow_nan=False)


def test_posts_without_readable_image_are_judged_and_marked(project: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    (tmp_path / "posts.csv").write_text("image,text\nbroken.png,a dog\nabsent.png,\n")
    with read_posts(tmp_path / "posts.csv", tmp_path) as posts:
        found = list(Predictor.from_pretrained(MODEL).predict(posts))
    assert [(one.id, one.image) for one in found] == [("1", "unreadable"), ("2", "missing")]
    assert all(one.reason and not one.links for one in found)
    assert found[1].words == ["<unk>"]


def test_image_that_cannot_be_read_is_refused_alone() -> None:
    with pytest.raises(UserError, match="the image of x cannot be used: no image"):
        Post.of(b"GIF89a", "a dog", "x")


def sample_image(folder: Path) -> Path:
    with zipfile.ZipFile(SAMPLE / "image.zip") as archive:
        return Path(archive.extract(archive.namelist()[0], folder))


def test_model_of_another_project_works_in_an_empty_folder(project: Path, tmp_path: Path) -> None:
    image = sample_image(tmp_path)
    (expected,) = Predictor.from_pretrained(MODEL).predict([(image, "my dog")])
    (tmp_path / "empty").mkdir()
    with chdir(tmp_path / "empty"):
        (found,) = Predictor.from_pretrained(str(project / MODEL)).predict([(image, "my dog")])
    assert found == expected
    assert not [*(tmp_path / "empty").iterdir()]


def test_encoders_of_the_working_folder_go_first(project: Path, tmp_path: Path) -> None:
    image, glove = sample_image(tmp_path), tmp_path / "data/pretrained/glove"
    glove.mkdir(parents=True)
    (glove / "vectors.txt").write_text("dog 1 2 3\n")
    with chdir(tmp_path):
        predictor = Predictor.from_pretrained(project / MODEL)
        with pytest.raises(UserError, match=r"trained with glove\.h5 of encoder .*"):
            list(predictor.predict([(image, "my dog")]))


def test_an_image_may_be_a_path_or_in_memory(project: Path, tmp_path: Path) -> None:
    path = sample_image(tmp_path)
    predictor = Predictor.from_pretrained(MODEL)
    forms = [str(path), path, path.read_bytes(), Image.open(path)]
    found = list(predictor.predict([(form, "my dog is at home") for form in forms]))
    assert [one.id for one in found] == ["1", "2", "3", "4"]
    assert len({(one.relation, *one.probabilities.values()) for one in found}) == 1
    assert len({link for one in found for link in one.links}) == len(found[0].links) > 0


def test_table_in_table_out(project: Path, tmp_path: Path) -> None:
    path = sample_image(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"no image")
    images = [str(path), Image.open(path), str(tmp_path / "broken.png"), "absent.png", None]
    texts = ["my dog", "my dog", "a dog", "a dog", None]
    frame = pd.DataFrame({"image": images, "text": texts}, index=[*"abcde"])
    predictor = Predictor.from_pretrained(MODEL)
    table = predictor.predict_frame(frame)
    # As many as the table has rows: batches of other sizes round differently.
    expected, *_ = predictor.predict([(path, "my dog")] * len(frame))
    assert [*table.index] == [*"abcde"]
    for row in ("a", "b"):
        line = table.loc[row].to_dict()
        assert line.pop("relation") == expected.relation
        assert (line.pop("status"), line.pop("reason")) == ("ok", "")
        votes = {name: max(vote, key=vote.__getitem__) for name, vote in expected.streams.items()}
        p = {f"p_{label}": value for label, value in expected.probabilities.items()}
        assert line == {**p, **votes}
    assert [*table["status"][2:]] == ["unreadable", "missing", "missing"]
    assert all(table["reason"][2:])
    assert not {*table.columns} & {*frame.columns}


def test_empty_table_gives_an_empty_table(project: Path) -> None:
    frame = pd.DataFrame({"image": [], "text": []})
    assert Predictor.from_pretrained(MODEL).predict_frame(frame).empty


def test_table_in_memory_without_a_column_is_refused() -> None:
    with pytest.raises(UserError, match="missing or repeated: text; found: image, tweet"):
        frame_posts(pd.DataFrame({"image": ["1.png"], "tweet": ["a dog"]}))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_image_in_memory_is_that_of_its_file(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("x.jpg" if mode == "CMYK" else "x.png")
    grey = Image.linear_gradient("L")
    image = Image.merge("LA", [grey, grey.rotate(90)]) if "A" in mode else grey
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # lies on its side
    image.convert(mode).resize((20, 40)).save(path, exif=exif)
    expected, found = (Post.of(form, "").image.open() for form in (path, Image.open(path)))
    assert Image.open(path).mode == mode
    assert found.size == expected.size == (40, 20)
    assert found.tobytes() == expected.tobytes()


def test_image_in_memory_of_unknown_range_is_refused() -> None:
    with pytest.raises(UserError, match="32-bit grey levels"):
        Post.of(Image.new("F", (4, 4)), "a dog")


def test_changed_file_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "x.png")
    post = Post.of(tmp_path / "x.png", "a dog")
    Image.new("RGB", (9, 9), "red").save(tmp_path / "x.png")
    with pytest.raises(UserError, match=r"x\.png: its bytes have changed"):
        post.image.open()


def test_table_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("image,tweet\n1.png,a dog\n")
    with (
        pytest.raises(UserError, match="missing or repeated: text; found: image, tweet"),
        read_posts(tmp_path / "posts.csv", tmp_path),
    ):
        pass


def test_other_encoder_is_refused_with_both_named(model_copy: Path) -> None:
    edit(model_copy / "encoders.json", {"regions/input": "square224"})
    with pytest.raises(UserError) as error:
        Predictor.from_pretrained(model_copy)
    trained = json.loads((model_copy / "config.json").read_text())["encoders"]["regions.h5"]
    assert f"trained with regions.h5 of encoder {trained}, but the encoder at hand is " in str(
        error.value
    )
    assert "values.input: 'native', here 'square224'" in str(error.value)


def test_other_word_vectors_are_refused(project: Path, model_copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "vectors.txt"
    known = Path("data/pretrained/glove/vectors.txt").read_text()
    other.write_text(known.replace("dog 2", "dog 3"))
    edit(model_copy / "encoders.json", {"glove/vectors": str(other)})
    predictor = Predictor.from_pretrained(model_copy)
    with pytest.raises(UserError, match=r"trained with glove\.h5 of encoder .*"):
        list(predictor.predict([one_post()]))


def test_files_of_different_models_are_refused(model_copy: Path) -> None:
    edit(model_copy / "config.json", {"encoders/bert.h5": "0" * 64})
    with pytest.raises(UserError, match="do not belong together"):
        Predictor.from_pretrained(model_copy)


def test_only_rounding_can_be_allowed(model_copy: Path) -> None:
    def retrain(change: dict[str, object]) -> None:
        """As if the training had inspection such an encoder."""
        path = model_copy / "encoders.json"
        edit(path, {f"fingerprints/regions.h5/{key}": value for key, value in change.items()})
        fingerprint = AnANetEncoders.load(model_copy).fingerprints["regions.h5"]
        edit(model_copy / "config.json", {"encoders/regions.h5": digest(fingerprint)})

    retrain({"values/arithmetic": {"device": "cuda", "trunk": "bfloat16"}, "batch_size": 8})
    with pytest.raises(UserError, match=r"'cuda', here 'cpu'(.|\n)*allow rounding"):
        Predictor.from_pretrained(model_copy)
    assert list(Predictor.from_pretrained(model_copy, allow_rounding=True).predict([one_post()]))
    retrain({"values/select": "rpn_order"})
    with pytest.raises(UserError, match="select"):
        Predictor.from_pretrained(model_copy, allow_rounding=True)
