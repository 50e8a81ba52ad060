import os
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from pipeline.sample import write_sample_corpus
from tests.sample.visible import words_of
from tests.sample.written_corpus import Corpus, read_corpus

ROOT = Path(__file__).parents[2]
TABLES = ("train_data.csv", "dev_data.csv", "test_data.csv", "posts.csv")
FILES = (*TABLES, "image.zip", "truth.jsonl")


def test_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    write_sample_corpus(tmp_path / "here", seed=3, train=6, dev=2, test=3)
    code = (
        "from pathlib import Path; from pipeline.sample import write_sample_corpus;"
        f"write_sample_corpus(Path({str(tmp_path / 'there')!r}), seed=3, train=6, dev=2, test=3)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    for name in FILES:
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_another_seed_gives_other_texts_and_images(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_sample_corpus(tmp_path / str(seed), seed=seed, train=2, dev=1, test=1)
    for name in FILES:
        assert (tmp_path / "1" / name).read_bytes() != (tmp_path / "2" / name).read_bytes()


def test_size_and_seed_of_test_change_no_other_split(tmp_path: Path) -> None:
    write_sample_corpus(tmp_path / "small", seed=1, train=4, dev=2, test=1)
    write_sample_corpus(tmp_path / "other", seed=1, train=4, dev=2, test=3, test_seed=2)
    small, other = (read_corpus(tmp_path / name) for name in ("small", "other"))
    for split in ("train", "dev"):
        pd.testing.assert_frame_equal(small.tables[split], other.tables[split])
    assert list(small.images.values())[:6] == list(other.images.values())[:6]
    assert small.truth[:6] == other.truth[:6]
    assert small.truth[6]["text"] != other.truth[6]["text"]


def test_a_seed_of_test_draws_the_test_pairs_of_that_corpus(tmp_path: Path) -> None:
    write_sample_corpus(tmp_path / "mixed", seed=1, train=2, dev=1, test=3, test_seed=2)
    write_sample_corpus(tmp_path / "whole", seed=2, train=2, dev=1, test=3)
    mixed, whole = (read_corpus(tmp_path / name) for name in ("mixed", "whole"))
    assert mixed.truth[3:] == whole.truth[3:]
    assert list(mixed.images.values())[3:] == list(whole.images.values())[3:]


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    write_sample_corpus(tmp_path, seed=1, train=3, dev=1, test=1)
    write_sample_corpus(tmp_path, seed=1, train=1, dev=1, test=1)
    assert len(pd.read_csv(tmp_path / "train_data.csv")) == 1
    assert len((tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_tables_hold_the_pairs_asked_for(corpus: Corpus) -> None:
    assert [len(table) for table in corpus.tables.values()] == [60, 10, 40]
    for table in corpus.tables.values():
        assert list(table.columns) == ["id", "image", "text", "label"]


def test_shares_of_labels_are_those_of_ccd(corpus: Corpus) -> None:
    # 56.15, 10.50 and 33.36 % of 60 and of 40
    train, test = (Counter(corpus.tables[split].label) for split in ("train", "test"))
    assert train == {"explicit": 34, "implicit": 6, "irrelevant": 20}
    assert test == {"explicit": 23, "implicit": 4, "irrelevant": 13}


def test_ids_texts_and_images_are_used_once(corpus: Corpus) -> None:
    pairs = pd.concat(corpus.tables.values())
    for column in ("id", "image", "text"):
        assert pairs[column].is_unique
    assert len(set(corpus.images.values())) == len(pairs)


def test_posts_are_the_captions_of_the_train_images(tmp_path: Path) -> None:
    write_sample_corpus(tmp_path, seed=1, train=3, dev=1, test=1)
    posts = pd.read_csv(tmp_path / "posts.csv")
    expected = [
        (fact["image"], caption)
        for fact in read_corpus(tmp_path).truth[:3]
        for caption in fact["captions"]
    ]
    assert list(posts.itertuples(index=False, name=None)) == expected


def test_archive_holds_the_images_of_the_tables(corpus: Corpus) -> None:
    assert list(corpus.images) == [name for t in corpus.tables.values() for name in t.image]
    image = Image.open(BytesIO(next(iter(corpus.images.values()))))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (224, 224))


def test_truth_follows_the_tables(corpus: Corpus) -> None:
    pairs = pd.concat(corpus.tables, names=["split"]).reset_index("split")
    known = pd.DataFrame(corpus.truth)[list(pairs.columns)]
    pd.testing.assert_frame_equal(known, pairs.reset_index(drop=True), check_dtype=False)


@pytest.mark.parametrize("label", ["explicit", "implicit", "irrelevant"])
def test_mentions_are_where_they_are_said_to_be(corpus: Corpus, label: str) -> None:
    facts = [fact for fact in corpus.truth if fact["label"] == label]
    assert any(fact["mentions"] for fact in facts)
    for fact in facts:
        for mention in fact["mentions"]:
            found = fact["text"][mention["start"] : mention["end"]].lower()
            assert found == mention["word"]
            assert mention["word"] in words_of(fact["text"])
            object_types = {fact["objects"][index]["kind"] for index in mention["objects"]}
            assert object_types == ({mention["kind"]} if label == "explicit" else set())


def test_a_plural_names_every_object_of_its_type(corpus: Corpus) -> None:
    plurals = [
        (fact, mention)
        for fact in corpus.truth
        for mention in fact["mentions"]
        if len(mention["objects"]) == 2
    ]
    assert plurals
    for fact, mention in plurals:
        same = [n for n, item in enumerate(fact["objects"]) if item["kind"] == mention["kind"]]
        assert mention["objects"] == same


def test_captions_and_keywords_name_visible_objects(corpus: Corpus) -> None:
    for fact in corpus.truth:
        object_types = {item["kind"] for item in fact["objects"]}
        assert len(set(fact["captions"])) == 5
        assert object_types < set(fact["keywords"])
        assert fact["theme"] in fact["keywords"]
