"""Write the pretrained vectors of the captions' words, where params ask for them."""

from pipeline.core.device import resolve_device
from pipeline.encoders.bert.encoder import load_bert, write_bert
from pipeline.encoders.glove.glove import write_vocabulary_vectors
from pipeline.encoders.rows.extract import choose_engine
from pipeline.matching.captions.captions import BERT_FILE, GLOVE_FILE, CaptionSet
from pipeline.params.matching import load_matching_params
from pipeline.params.project import load_params
from stages import run
from stages.matching import paths


def main() -> None:
    source, params = load_matching_params().text.words, load_params()
    captions = CaptionSet.read(paths.PAIRS)
    paths.WORDS.mkdir(parents=True, exist_ok=True)
    if source == "glove":
        coverage = write_vocabulary_vectors(
            paths.WORDS / GLOVE_FILE, captions.vocabulary.words, params.glove.vectors
        )
        print(f"{coverage:,} of {len(captions.vocabulary):,} words have a vector")
    elif source == "bert":
        bert = params.bert
        device = resolve_device(bert.device)
        encoder = load_bert(bert.model, bert.revision, bert.layer, bert.merge, device)
        engine = choose_engine(params.compute, device)
        write_bert(paths.WORDS / BERT_FILE, encoder, captions.texts, engine)


if __name__ == "__main__":
    run(main)
