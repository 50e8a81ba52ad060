"""Words by number, in the format of the field's vocabulary files."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, get_args

from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.params.matching import CorpusParams, Tokenizer

SPECIALS = ("<pad>", "<start>", "<end>", "<unk>")
PAD, START, END, UNKNOWN = range(len(SPECIALS))
_MASK = "<mask>"


@dataclass(frozen=True)
class Vocabulary:
    """words: by number; special tokens come first, and `<mask>` last.

    tokenizer: what splits captions into such words.
    """

    words: tuple[str, ...]
    tokenizer: Tokenizer

    def __post_init__(self) -> None:
        object.__setattr__(self, "_number", {word: i for i, word in enumerate(self.words)})

    def __len__(self) -> int:
        return len(self.words)

    @property
    def mask(self) -> int:
        """The number of `<mask>`."""
        return len(self.words) - 1

    def numbers(self, words: Sequence[str]) -> list[int]:
        """The words of a text between `<start>` and `<end>`; unknown words are `<unk>`."""
        number: dict[str, int] = self._number  # type: ignore[attr-defined]
        return [START, *(number.get(word, UNKNOWN) for word in words), END]

    @classmethod
    def of(
        cls, texts: Iterable[Sequence[str]], min_count: int, tokenizer: Tokenizer = "plain"
    ) -> Self:
        """The words that occur at least `min_count` times, in alphabetical order."""
        counts = Counter(word for text in texts for word in text)
        common = sorted(word for word, count in counts.items() if count >= min_count)
        return cls(
            (*SPECIALS, *(word for word in common if word not in SPECIALS), _MASK), tokenizer
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """A vocabulary file of SCAN and its successors: `word2idx`, to which `<mask>` is added.

        A file that does not name its tokenizer was made with NLTK's, as the published ones were.

        Raises:
            UserError: the file is missing or not a vocabulary.
        """
        try:
            content: Any = json.loads(path.read_text(encoding="utf-8"))
            numbers = content["word2idx"]
            words = tuple(sorted(numbers, key=numbers.__getitem__))
            # Earlier versions named no tokenizer, but wrote the mask, which published files lack.
            tokenizer = content.get("tokenizer", "plain" if _MASK in numbers else "nltk")
        except FileNotFoundError:
            raise UserError(f"{path}: no such vocabulary (corpus.vocabulary)") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise UserError(f'{path} is no vocabulary: it needs {{"word2idx": {{...}}}}') from None
        if [numbers[word] for word in words] != list(range(len(words))):
            raise UserError(f"{path}: the numbers in word2idx are not 0, 1, 2, ...")
        if words[: len(SPECIALS)] != SPECIALS:
            raise UserError(f"{path} begins with {words[:4]}, expected {SPECIALS}")
        if tokenizer not in get_args(Tokenizer):
            raise UserError(f"{path}: tokenizer = {tokenizer!r}; allowed: {get_args(Tokenizer)}")
        return cls(words if words[-1] == _MASK else (*words, _MASK), tokenizer)

    def write(self, path: Path) -> None:
        """Write a file that `read` reads.

        Raises:
            UserError: the file cannot be written.
        """
        numbers = {word: i for i, word in enumerate(self.words)}
        content = {
            "word2idx": numbers,
            "idx2word": dict(enumerate(self.words)),
            "idx": len(self),
            "tokenizer": self.tokenizer,
        }
        with whole_file(path) as temporary:
            temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def tokenizer_of(corpus: CorpusParams) -> Tokenizer:
    """What splits the captions: that of the vocabulary file that the parameters name, if any.

    Raises:
        UserError: the file is missing or not a vocabulary.
    """
    if corpus.vocabulary is None:
        return corpus.tokenizer
    return Vocabulary.read(Path(corpus.vocabulary)).tokenizer
