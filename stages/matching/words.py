"""Look up or encode the captions' words, where they do not come from nothing."""

from pipeline.device import resolve_device
from pipeline.features.bert import load_bert, write_bert
from pipeline.matching.captions import CaptionSet
from pipeline.matching.glove import write_vocabulary_vectors
from pipeline.matching.params import load_matching_params
from pipeline.matching.words import BERT_FILE, GLOVE_FILE
from pipeline.params import load_params
from stages import run
from stages.matching import paths


def main() -> None:
    source, params = load_matching_params().text.words, load_params()
    captions = CaptionSet.read(paths.PAIRS)
    paths.WORDS.mkdir(parents=True, exist_ok=True)
    if source == "glove":
        coverage = write_vocabulary_vectors(
            paths.WORDS / GLOVE_FILE, captions.vocabulary, params.glove.vectors
        )
        print(f"{coverage:,} of {len(captions.vocabulary):,} words have a vector")
    elif source == "bert":
        bert = params.bert
        device = resolve_device(bert.device)
        encoder = load_bert(bert.model, bert.revision, bert.layer, bert.merge, device)
        write_bert(paths.WORDS / BERT_FILE, encoder, captions.texts)


if __name__ == "__main__":
    run(main)
