"""What a text is known by."""

import hashlib
from collections.abc import Sequence

# The word of a text that has none, so that no text has length zero.
EMPTY_TEXT = ["<unk>"]


def text_key(words: Sequence[str]) -> str:
    """The sha256 of a text's words with a space between them, in hex."""
    return hashlib.sha256(" ".join(words).encode()).hexdigest()
