import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.corpus.checks.prepare import prepare_corpus
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams
from tests.corpus.small_corpus import HEADER, prepare_params
from tests.images.drawn import drawn_image

Corpus = Callable[..., CorpusParams]
NO_BYTES = hashlib.sha256(b"").hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_tables_worked_out_by_hand(corpus: Corpus) -> None:
    train = f"{HEADER}b,1.png,A dog!,explicit\na,0.png,a  DOG !,implicit\n"
    prepared = prepare_corpus(corpus(train=train), prepare_params(tokenizer="plain"))

    dog, dev, test = (sha256(t) for t in (b"a dog !", b"a dev text", b"a test text"))
    first, second, third = (sha256(drawn_image(n)) for n in range(3))
    assert prepared.pairs.values.tolist() == [
        ["b", "train", "explicit", second, dog],
        ["a", "train", "implicit", first, dog],
        ["dev-1", "dev", "explicit", second, dev],
        ["test-1", "test", "explicit", third, test],
    ]
    assert list(prepared.pairs) == ["id", "split", "label", "image_key", "text_key"]
    assert prepared.images.to_dict("list") == {
        "key": [second, first, third],
        "name": ["1.png", "0.png", "2.png"],
        "status": ["ok", "ok", "ok"],
        "width": [4, 4, 4],
        "height": [3, 3, 3],
    }
    assert prepared.texts.to_dict("list") == {
        "key": [dog, dev, test],
        "words": [["a", "dog", "!"], ["a", "dev", "text"], ["a", "test", "text"]],
    }
    assert prepared.posts.values.tolist() == [
        ["b", "A dog!"],
        ["a", "a  DOG !"],
        ["dev-1", "a dev text"],
        ["test-1", "a test text"],
    ]
    assert prepared.report == {
        "pairs": {
            "train": {"irrelevant": 0, "implicit": 1, "explicit": 1, "total": 2},
            "dev": {"irrelevant": 0, "implicit": 0, "explicit": 1, "total": 1},
            "test": {"irrelevant": 0, "implicit": 0, "explicit": 1, "total": 1},
        },
        "images": {
            "files": 3,
            "ok": 3,
            "missing": 0,
            "unreadable": 0,
            "first_reasons": [],
            "distinct": 3,
            "in_two_splits": {"train_dev": 1, "train_test": 0, "dev_test": 0},
        },
        "texts": {
            "distinct": 3,
            "empty": 0,
            "cut_at_max_words": 0,
            "in_two_splits": {"train_dev": 0, "train_test": 0, "dev_test": 0},
        },
    }


def test_equal_files_share_a_key_and_the_name_of_the_first(corpus: Corpus) -> None:
    images = {"z.png": drawn_image(1), "a.png": drawn_image(1), "m.png": drawn_image(1)}
    train, dev, test = (f"{HEADER}{name},{name}.png,x,explicit\n" for name in "zam")

    prepared = prepare_corpus(
        corpus(images=images, train=train, dev=dev, test=test), prepare_params()
    )

    assert prepared.images[["key", "name"]].values.tolist() == [[sha256(drawn_image(1)), "z.png"]]
    assert prepared.pairs["image_key"].nunique() == 1
    assert prepared.report["images"]["in_two_splits"] == {
        "train_dev": 1,
        "train_test": 1,
        "dev_test": 1,
    }
    assert prepared.report["texts"]["in_two_splits"] == {
        "train_dev": 1,
        "train_test": 1,
        "dev_test": 1,
    }


def test_bad_images_keep_their_row_and_a_status(corpus: Corpus) -> None:
    images = {
        "cut.png": drawn_image(5)[:-30],
        "same-cut.png": drawn_image(5)[:-30],
        "page.jpg": b"<html>",
        "empty.jpg": b"",
        "good.png": drawn_image(6, (7, 2)),
    }
    cells = ["gone.png", "cut.png", "good.png", "page", "empty.jpg", "same-cut.png", "lost.jpg"]
    rows = [f"{n},{cell},x,explicit\n" for n, cell in enumerate(cells)]
    others = {split: f"{HEADER}{split},good.png,x,explicit\n" for split in ("dev", "test")}

    prepared = prepare_corpus(
        corpus(images=images, train="".join([HEADER, *rows]), **others),
        prepare_params(max_bad_images=6),
    )

    cut, page, good = (sha256(images[name]) for name in ("cut.png", "page.jpg", "good.png"))
    keys = [NO_BYTES, cut, good, page, NO_BYTES, cut, NO_BYTES]
    assert prepared.pairs["image_key"].tolist()[:7] == keys
    assert prepared.images.values.tolist() == [
        [NO_BYTES, "gone.png", "missing", 0, 0],
        [cut, "cut.png", "unreadable", 0, 0],
        [good, "good.png", "ok", 7, 2],
        [page, "page.jpg", "unreadable", 0, 0],
    ]
    report = prepared.report["images"]
    counts = [report[name] for name in ("files", "ok", "missing", "unreadable", "distinct")]
    assert counts == [7, 1, 3, 3, 3]
    assert "'gone.png' is missing: no such file" in report["first_reasons"]
    assert "'empty.jpg' is missing: empty file" in report["first_reasons"]
    assert any(reason.startswith("'page.jpg' is unreadable") for reason in report["first_reasons"])


def test_an_image_of_too_many_pixels_is_unreadable(corpus: Corpus) -> None:
    images = {"large.png": drawn_image(5, (101, 100)), "good.png": drawn_image(6, (100, 100))}
    tables = {split: f"{HEADER}{split},good.png,x,explicit\n" for split in ("dev", "test")}
    train = f"{HEADER}a,large.png,x,explicit\n"

    limits = prepare_params(max_pixels=10_000, max_bad_images=1)
    prepared = prepare_corpus(corpus(images=images, train=train, **tables), limits)
    assert prepared.images["status"].tolist() == ["unreadable", "ok"]
    (reason,) = prepared.report["images"]["first_reasons"]
    assert reason == "'large.png' is unreadable: 101 x 100 is more than 10000 pixels"


def test_more_bad_images_than_allowed_stop_with_ten_reasons(corpus: Corpus) -> None:
    rows = [f"{n},no{n}.png,x,explicit\n" for n in range(13)]
    params = corpus(train="".join([HEADER, *rows]))

    with pytest.raises(UserError) as error:
        prepare_corpus(params, prepare_params(max_bad_images=12))
    message = str(error.value)
    assert "missing or unreadable images, of 15 (13)" in message
    assert message.count("is missing: no such file") == 10
    assert "... and 3 more" in message
    assert "prepare.max_bad_images" in message
    assert len(prepare_corpus(params, prepare_params(max_bad_images=13)).pairs) == 15


def test_empty_texts_are_counted_and_have_one_word(corpus: Corpus) -> None:
    rows = 'a,0.png,,explicit\nb,0.png," \n ",explicit\nc,0.png,NA,explicit\n'

    prepared = prepare_corpus(corpus(train=HEADER + rows), prepare_params())

    assert prepared.texts["words"].tolist()[:2] == [["<unk>"], ["na"]]
    assert prepared.pairs["text_key"].tolist()[:2] == [sha256(b"<unk>")] * 2
    assert prepared.report["texts"]["empty"] == 2


def test_long_texts_are_cut_and_counted(corpus: Corpus) -> None:
    rows = "a,0.png,one two three,explicit\nb,0.png,one two three four,explicit\n"

    prepared = prepare_corpus(corpus(train=HEADER + rows), prepare_params(max_words=3))

    assert prepared.texts["words"].iloc[0] == ["one", "two", "three"]
    assert prepared.pairs["text_key"].iloc[0] == prepared.pairs["text_key"].iloc[1]
    assert prepared.report["texts"]["cut_at_max_words"] == 1


def test_ccd_counts_are_checked_when_asked_for(corpus: Corpus) -> None:
    with pytest.raises(UserError, match=r"explicit +train +expected +5779, found +1"):
        prepare_corpus(corpus(params={"counts": "ccd"}), prepare_params())


def test_one_class_in_train_is_said_before_images_are_opened(
    corpus: Corpus, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{n},gone.png,x,explicit\n" for n in range(3))
    with pytest.raises(UserError, match="missing or unreadable"):
        prepare_corpus(corpus(train=HEADER + rows), prepare_params())
    assert "warning: all train pairs have the label 'explicit'" in capsys.readouterr().err

    prepare_corpus(
        corpus(train=f"{HEADER}a,0.png,x,explicit\nb,0.png,y,implicit\n"), prepare_params()
    )
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize("layout", ["flickr8k", "karpathy"])
def test_captions_are_told_at_once_what_they_are_for(corpus: Corpus, layout: str) -> None:
    with pytest.raises(UserError) as error:
        prepare_corpus(corpus(params={"layout": layout}), prepare_params())
    assert f"corpus.layout = '{layout}' has captions" in str(error.value)
    for place in ("matching.md", "search.md", "pretraining.md", "[match, no-match]"):
        assert place in str(error.value)


def test_faults_of_the_tables_come_before_images_are_opened(corpus: Corpus) -> None:
    params = corpus(train=f"{HEADER}a,gone.png,x,strange\n")

    with pytest.raises(UserError, match="'strange'"):
        prepare_corpus(params, prepare_params())


def test_a_folder_of_images_gives_the_same_tables(corpus: Corpus, tmp_path: Path) -> None:
    packed = corpus()
    (tmp_path / "images").mkdir()
    for number in range(3):
        (tmp_path / "images" / f"{number}.png").write_bytes(drawn_image(number))

    loose = packed.model_copy(update={"images": "images"})

    one, other = (prepare_corpus(params, prepare_params()) for params in (packed, loose))
    assert one.pairs.equals(other.pairs)
    assert one.images.equals(other.images)
    assert one.texts.equals(other.texts)
    assert one.report == other.report


def test_what_is_missing_or_empty_is_not_shared(corpus: Corpus) -> None:
    tables = {split: f"{HEADER}{split},gone-{split}.png,,explicit\n" for split in ("train", "test")}

    report = prepare_corpus(corpus(**tables), prepare_params(max_bad_images=2)).report

    assert report["images"]["in_two_splits"]["train_test"] == 0
    assert report["texts"]["in_two_splits"]["train_test"] == 0
