"""GloVe's vectors of two billion tweets, by gensim's downloader."""

from pathlib import Path

from gensim import downloader

from pipeline.errors import UserError

TWITTER_PRESETS = tuple(f"glove-twitter-{width}" for width in (25, 50, 100, 200))
_STANFORD = "https://nlp.stanford.edu/data/glove.twitter.27B.zip"


def twitter_file(name: str) -> Path:
    """The local copy of one of TWITTER_PRESETS; a file that is there is not asked for again.

    gensim keeps it in its own folder (GENSIM_DATA_DIR, by default ~/gensim-data) and checks its
    md5. The Python module that comes with it is not imported.

    Raises:
        UserError: it is neither there nor can be downloaded.
    """
    path = Path(downloader.BASE_DIR) / name / f"{name}.gz"
    if path.is_file():
        return path
    try:
        return Path(downloader.load(name, return_path=True))
    except Exception as error:  # gensim has no type of its own for a wrong md5
        url = f"{downloader.DOWNLOAD_BASE_URL}/{name}/{path.name}"
        raise UserError(
            f"glove.vectors = {name!r} cannot be downloaded ({error}). Download {url} on a machine"
            f" with network access and put it at {path}; or unpack {_STANFORD} and set"
            " glove.vectors to its text file of that width"
        ) from None
