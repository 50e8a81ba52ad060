"""What made a part, as one digest: while it holds, the part need not run again.

It covers the part's lines of the plan, the corpus's bytes, and of every stage that its commands
run: the command, the parameters, and the dependencies that Git tracks. Python files count by what
they do: another comment, docstring or layout makes no other result. Encoders count by their golden
rows, which tests hold them to.
"""

import ast
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from dvc.stage import Stage

from pipeline.files import digest, file_hash
from results.pipelines import address, every_pipeline, tracked_files
from results.plan import Plan

_SOURCES = (".py", ".yaml", ".json", ".html", ".js", ".css", ".safetensors")
# Commands that are no stages: those of `python -m pipeline` may use all of it.
_LIBRARY = Path("pipeline")
_OWN = "results."
_GOLDEN = Path("tests/encoders/golden")
_HELD_BY_GOLDEN = ("pipeline/encoders/", "pipeline/images/")
_corpus_hash = cache(file_hash)  # several parts share a corpus
_SAMPLE = "sample"
_DRAW = "python -m stages.sample.draw"
# It decides no result, and depends on parameters that decide none.
_CHECK = "python -m stages.check_params"


def part_digest(plan: Plan, name: str, real_data: Path | None) -> str:
    """The digest of what a part is made of, with the files of this project as they are.

    real_data: the folder of the corpora's files, for those that have any.
    """
    part = plan.parts[name]
    files = plan.corpora[part.corpus].files
    corpus = (
        {key: _corpus_hash(real_data / path) for key, path in files.items()} if real_data else {}
    )
    return digest(
        {
            "params": {point: plan.params(part, point) for point in part.points},
            "commands": part.commands,
            "corpus": corpus,
            "encoders": _sources([_GOLDEN]),
            "made by": [_made_by(command, part.corpus) for command in part.commands],
        }
    )


def _made_by(command: str, corpus: str) -> Any:
    words = shlex.split(command)
    if words[:2] != ["dvc", "repro"]:
        module = words[2]
        own = module.startswith(_OWN)
        return _sources([Path(f"{module.replace('.', '/')}.py") if own else _LIBRARY])
    targets = words[2:] or ["dvc.yaml"]
    return {
        address(stage): _stage(stage)
        for stage in _stages(targets)
        # Here the parameters name the sample, so that everything seems to depend on it.
        if stage.cmd not in (_CHECK, *([] if corpus == _SAMPLE else [_DRAW]))
    }


def _stages(targets: Sequence[str]) -> Iterator[Stage]:
    """The stages of these targets, and those that they depend on, each once."""
    root, found = Path(every_pipeline().root_dir), dict[str, Stage]()
    for target in targets:
        for stage in every_pipeline().stage.collect(str(root / target), with_deps=True):
            found.setdefault(address(stage), stage)
    yield from (found[name] for name in sorted(found))


def _stage(stage: Stage) -> Any:
    deps = [Path(dep.def_path) for dep in stage.deps if not hasattr(dep, "params")]
    keys = {str(dep.def_path): dep.read_params() for dep in stage.params}
    return {"cmd": stage.cmd, "params": keys, "sources": _sources(deps)}


def _sources(paths: Sequence[Path]) -> dict[str, str]:
    """The digest of each file of these that Git tracks and that can decide a result."""
    files = [
        file
        for path in paths
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if file.suffix in _SOURCES and file.as_posix() in tracked_files()
        if not file.as_posix().startswith(_HELD_BY_GOLDEN)
    ]
    return {file.as_posix(): source_digest(file) for file in files}


@cache
def source_digest(path: Path) -> str:
    """The digest of a file; of a Python file, without its comments, docstrings and layout."""
    if path.suffix != ".py":
        return file_hash(path)
    return sha256(ast.dump(_without_docstrings(path.read_text("utf-8"))).encode()).hexdigest()


def _without_docstrings(text: str) -> ast.Module:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and body:
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = body[1:]
    return tree
