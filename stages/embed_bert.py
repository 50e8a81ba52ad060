"""Encode every text with BERT, one vector per word."""

from pipeline import paths
from pipeline.core.device import resolve_device
from pipeline.encoders.bert.encoder import load_bert, write_bert
from pipeline.encoders.rows.extract import choose_engine
from pipeline.features.texts import read_texts
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    bert = params.bert
    device = resolve_device(bert.device)
    encoder = load_bert(bert.model, bert.revision, bert.layer, bert.merge, device)
    engine = choose_engine(params.compute, device)
    write_bert(paths.BERT, encoder, read_texts(paths.TEXTS), engine)


if __name__ == "__main__":
    run(main)
