"""python -m pipeline convert: a published checkpoint of matching as a model's folder."""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.errors import UserError
from pipeline.matching.captions.captions import CaptionSet
from pipeline.matching.data.data import MatchingData
from pipeline.matching.data.evaluation import evaluate_retrieval
from pipeline.matching.published import read_published
from pipeline.models.matching.model import MatchingModel
from pipeline.params.matching import load_matching_params


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file",
        help="a .pth.tar file of CRCL, SCAN or VSE-infinity, or its URL; #sha256=<hex> is checked",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--captions",
        type=Path,
        metavar="FOLDER",
        help="what the stage pairs wrote, such as data/matching/pairs, to measure retrieval on its"
        " test split",
    )


def run(arguments: Namespace) -> None:
    if arguments.out.exists() and (not arguments.out.is_dir() or any(arguments.out.iterdir())):
        raise UserError(f"--out {arguments.out} exists; give a new or an empty folder")
    model, sha256 = read_published(arguments.file)
    print(f"sha256 {sha256}")
    model.save_pretrained(arguments.out)
    config = model.config
    print(
        f"{arguments.out}: {config.member} of width {config.model.width}, regions of"
        f" {config.region_width}, {config.vocabulary:,} words"
    )
    if arguments.captions:
        print(json.dumps(_measured(model, arguments.captions), indent=2))


def _measured(model: MatchingModel, folder: Path) -> dict[str, float]:
    params = load_matching_params()
    trained = params.text.model_copy(update={"words": "trained"})
    captions = CaptionSet.read(folder)
    words, known = len(captions.vocabulary), model.config.vocabulary
    if words != known:
        raise UserError(
            f"{folder} has a vocabulary of {words:,} words, the model one of {known:,}; name the"
            " model's own in corpus.vocabulary"
        )
    data = MatchingData.load(captions, params.model_copy(update={"text": trained}), folder)
    test = data.splits["test"]
    if test.images.width != model.config.region_width:
        raise UserError(
            f"regions have {test.images.width} values, the model reads {model.config.region_width}"
        )
    return evaluate_retrieval([model.to(test.device)], test, params.evaluate.fold)
