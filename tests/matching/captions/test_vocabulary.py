"""Numbers of words, and vocabulary files as users have them."""

import json
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.matching.captions.vocabulary import Vocabulary
from tests.matching.tiny_matching import (
    SIZES,
    collect_captions,
    matching_params,
    write_precomp,
)

TEXTS = [["a", "dog", "runs"], ["a", "dog"], ["a", "<pad>", "<pad>", "cat"]]


def test_frequent_words_between_start_and_end() -> None:
    made = Vocabulary.of(TEXTS, 2)
    assert made.words == ("<pad>", "<start>", "<end>", "<unk>", "a", "dog", "<mask>")
    assert made.numbers(["a", "cat", "dog"]) == [1, 4, 3, 5, 2]
    assert made.mask == 6


def test_comes_back_from_its_file(tmp_path: Path) -> None:
    made = Vocabulary.of(TEXTS, 1)
    made.write(tmp_path / "vocab.json")
    assert Vocabulary.read(tmp_path / "vocab.json") == made


def test_reads_a_published_file_and_adds_the_mask(tmp_path: Path) -> None:
    numbers = {"dog": 5, "<pad>": 0, "<start>": 1, "<end>": 2, "<unk>": 3, "a": 4}
    content = {"word2idx": numbers, "idx2word": {str(i): w for w, i in numbers.items()}, "idx": 6}
    (tmp_path / "f30k_precomp_vocab.json").write_text(json.dumps(content))
    made = Vocabulary.read(tmp_path / "f30k_precomp_vocab.json")
    assert made.words == ("<pad>", "<start>", "<end>", "<unk>", "a", "dog", "<mask>")


def test_captions_are_split_as_the_vocabulary_was_made(tmp_path: Path) -> None:
    """With the published tokenizer, a published word such as t-shirt is reached."""
    folder = write_precomp(tmp_path / "f30k_precomp")
    for split, images in SIZES.items():
        (folder / f"{split}_caps.txt").write_text("A man's T-shirt .\n" * images)
    words = ["<pad>", "<start>", "<end>", "<unk>", "a", "man", "'s", "t-shirt", "."]
    content = {"word2idx": {word: i for i, word in enumerate(words)}}

    def numbers(path: Path) -> list[int]:
        params = matching_params({"corpus.folder": str(folder)})
        corpus = params.corpus.model_copy(update={"vocabulary": str(path)})
        captions = collect_captions(params.model_copy(update={"corpus": corpus}))
        return captions.vocabulary.numbers(captions.splits["test"].words[0])

    published, own = tmp_path / "published.json", tmp_path / "own.json"
    published.write_text(json.dumps(content))
    assert numbers(published) == [1, 4, 5, 6, 7, 8, 2]
    own.write_text(json.dumps({**content, "tokenizer": "plain"}))
    assert numbers(own) == [1, 4, 5, 6, 3, 3, 3, 8, 2]


def test_a_file_of_an_earlier_version_was_made_with_the_own_tokenizer(tmp_path: Path) -> None:
    words = ["<pad>", "<start>", "<end>", "<unk>", "a", "<mask>"]
    content = {"word2idx": {word: i for i, word in enumerate(words)}}
    (tmp_path / "vocabulary.json").write_text(json.dumps(content))
    assert Vocabulary.read(tmp_path / "vocabulary.json").tokenizer == "plain"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "is no vocabulary"),
        ("{", "is no vocabulary"),
        ('{"word2idx": {"<pad>": 0, "a": 7}}', "not 0, 1, 2"),
        ('{"word2idx": {"a": 0, "<pad>": 1, "b": 2, "c": 3}}', "expected"),
        (
            '{"word2idx": {"<pad>": 0, "<start>": 1, "<end>": 2, "<unk>": 3}, "tokenizer": "x"}',
            "allowed",
        ),
    ],
)
def test_refuses_other_files(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(UserError, match=message):
        Vocabulary.read(tmp_path / "v.json")
    with pytest.raises(UserError, match="no such vocabulary"):
        Vocabulary.read(tmp_path / "absent.json")
