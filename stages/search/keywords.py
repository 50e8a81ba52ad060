"""Collect queries, the keywords of every image, and the word vectors of both."""

import pandas as pd

from pipeline import paths as project
from pipeline.encoders.glove.glove import write_glove
from pipeline.features.texts import read_texts, text_key
from pipeline.files import whole_file
from pipeline.metrics.writing import write_metrics
from pipeline.params.project import load_params
from pipeline.params.search import load_search_params
from pipeline.search.features.keywords import VOCABULARY, read_vocabulary
from pipeline.search.features.visual import Visual
from pipeline.search.mining.corpus import DistinctImages, write_given, write_mined
from pipeline.search.mining.queries import read_queries
from stages import run
from stages.search import paths


def main() -> None:
    params, search = load_params(), load_search_params()
    texts = read_texts(project.TEXTS)
    pairs, image_table = pd.read_parquet(project.PAIRS), pd.read_parquet(project.IMAGES)
    queries = read_queries(params.corpus, params.prepare, pairs, texts)
    with whole_file(paths.QUERIES) as temporary:
        queries.lines.to_parquet(temporary, index=False)

    visual = Visual.read(paths.VISUAL[search.visual], search.visual)
    images = DistinctImages.of(pairs, image_table, visual)
    if search.keywords.source == "given":
        report = write_given(paths.KEYWORDS, params.corpus, images, search.keywords)
    else:
        report = write_mined(paths.KEYWORDS, queries, images, search.keywords)
    write_metrics(paths.KEYWORDS_REPORT, report)

    vocabulary = read_vocabulary(paths.KEYWORDS / VOCABULARY)
    words = queries.words | {text_key([word]): [word] for word in vocabulary}
    print(write_glove(paths.GLOVE, words, params.glove.vectors, params.glove.oov))


if __name__ == "__main__":
    run(main)
