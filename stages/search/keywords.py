"""Collect queries, the keywords of every picture, and the word vectors of both."""

import pandas as pd

from pipeline import paths as project
from pipeline.corpus.text_keys import text_key
from pipeline.features.glove import write_glove
from pipeline.features.texts import read_texts
from pipeline.files import whole_file
from pipeline.params import load_params
from pipeline.search.keywords import VOCABULARY, read_vocabulary
from pipeline.search.params import load_search_params
from pipeline.search.pictures import CorpusPictures, write_given, write_mined
from pipeline.search.queries import read_queries
from pipeline.search.reports import write_figures
from pipeline.search.visual import Visual
from stages import run
from stages.search import paths


def main() -> None:
    params, search = load_params(), load_search_params()
    texts = read_texts(project.TEXTS)
    pairs, images = pd.read_parquet(project.PAIRS), pd.read_parquet(project.IMAGES)
    queries = read_queries(params.corpus, params.prepare, pairs, texts)
    with whole_file(paths.QUERIES) as temporary:
        queries.shown.to_parquet(temporary, index=False)

    visual = Visual.read(paths.VISUAL[search.visual], search.visual)
    pictures = CorpusPictures.of(pairs, images, visual)
    if search.keywords.source == "given":
        report = write_given(paths.KEYWORDS, params.corpus, pictures, search.keywords)
    else:
        report = write_mined(paths.KEYWORDS, queries, pictures, search.keywords)
    write_figures(paths.KEYWORDS_REPORT, report)

    vocabulary = read_vocabulary(paths.KEYWORDS / VOCABULARY)
    words = queries.words | {text_key([word]): [word] for word in vocabulary}
    print(write_glove(paths.GLOVE, words, params.glove.vectors, params.glove.oov))


if __name__ == "__main__":
    run(main)
