"""A model as a folder: config.json, what it is built from, and model.safetensors, its weights."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.params import Section, read_section

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"

ConfigT = TypeVar("ConfigT", bound=Section)
ModelT = TypeVar("ModelT", bound=nn.Module)


def save_model(folder: Path, model: nn.Module, config: Section) -> None:
    """Write both files; a process that dies in between leaves none of them in part."""
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / CONFIG_FILE) as temporary:
        text = config.model_dump_json(indent=2, by_alias=True)
        temporary.write_text(text + "\n", encoding="utf-8")
    with whole_file(folder / WEIGHTS_FILE) as temporary:
        save_file({name: x.contiguous() for name, x in model.state_dict().items()}, temporary)


def load_model(folder: Path, config: type[ConfigT], build: Callable[[ConfigT], ModelT]) -> ModelT:
    """The model that `save_model` wrote, in evaluation mode on the CPU.

    Raises:
        UserError: a file is missing or damaged, or config and weights do not belong together.
    """
    if not (folder / CONFIG_FILE).exists():
        raise UserError(f"{folder / CONFIG_FILE} not found; train the model first")
    model = build(read_section(config, folder / CONFIG_FILE))
    try:
        model.load_state_dict(load_file(folder / WEIGHTS_FILE))
    except FileNotFoundError:
        raise UserError(f"{folder / WEIGHTS_FILE} not found") from None
    except SafetensorError as error:
        raise UserError(f"{folder / WEIGHTS_FILE} is damaged: {error}") from None
    except RuntimeError as error:
        raise UserError(f"{folder}: weights do not fit {CONFIG_FILE}: {error}") from None
    return model.eval()
