"""Encodes the texts of a corpus, as params choose the encoder."""

from pathlib import Path

from pipeline.core.device import resolve_device
from pipeline.encoders.bert.encoder import load_bert, write_bert
from pipeline.encoders.rows.extract import choose_engine
from pipeline.features.texts import read_texts
from pipeline.params.project import BertParams, ComputeParams


def write_texts(path: Path, bert: BertParams, compute: ComputeParams, table: Path) -> None:
    """Write the word vectors of every text of `prepare`'s text table.

    Raises:
        UserError: the encoder or the table is missing, or the file cannot be written.
    """
    device = resolve_device(bert.device)
    encoder = load_bert(bert.model, bert.revision, bert.layer, bert.merge, device)
    write_bert(path, encoder, read_texts(table), choose_engine(compute, device))
