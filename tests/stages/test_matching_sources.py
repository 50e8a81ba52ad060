"""What matching reads: by DVC's graph, the corpus it names and no other; by content, all of it."""

import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from dvc.repo import Repo
from dvc.stage import Stage
from ruamel.yaml import YAML

from pipeline.errors import UserError
from pipeline.matching.captions.captions import CaptionSet
from pipeline.matching.data.data import MatchingData
from stages.matching import pairs
from stages.matching.sources import precomp
from stages.sight import SIGHT
from tests.matching.tiny_matching import matching_params, write_precomp
from tests.tiny import ROOT

PARAMS = Path("stages/matching/params.yaml")
OF_THE_SAMPLE = {"draw", "prepare", "extract_regions"}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """What DVC reads of the project, all pipelines in its sight, and a precomputed folder."""
    for source in (*ROOT.glob("stages/**/*.yaml"), *ROOT.glob("*.yaml"), ROOT / ".dvcignore"):
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    write_precomp(tmp_path / "data/f30k_precomp", per_image=5)
    with chdir(tmp_path):
        SIGHT.write_text("!dvc.yaml\n")
        Repo.init(".", no_scm=True)
        yield tmp_path


def use(kind: str, folder: str, **others: dict[str, object]) -> None:
    params = YAML().load(PARAMS)
    params["corpus"].update(kind=kind, folder=folder)
    for section, values in others.items():
        params[section].update(values)
    YAML().dump(params, PARAMS)


def needed() -> tuple[set[str], set[str]]:
    """The stages that evaluation needs, by name, and the paths that these depend on."""
    with Repo() as repo:
        makers = {str(out.fs_path): stage for stage in repo.index.stages for out in stage.outs}
        todo = [s for s in repo.index.stages if s.addressing.endswith("matching/dvc.yaml:evaluate")]
        found: list[Stage] = []
        while todo:
            stage = todo.pop()
            found.append(stage)
            read = [str(dep.fs_path) for dep in stage.deps]
            upstream = [maker for path, maker in makers.items() for dep in read if dep == path]
            todo += [stage for stage in upstream if stage not in found]
        paths = {Path(dep.fs_path).relative_to(Path.cwd()) for s in found for dep in s.deps}
        return {str(stage.name) for stage in found}, {path.as_posix() for path in paths}


def test_a_precomputed_folder_is_enough(project: Path) -> None:
    use("precomp", "data/f30k_precomp")
    stages, read = needed()
    assert stages == {"precomp", "pairs", "words", "train", "evaluate"}
    assert {"data/f30k_precomp", "data/pretrained/matching"} <= read
    assert not {path for path in read if path.startswith(("data/features", "data/interim"))}


@pytest.mark.parametrize("kind", ["captions", "pairs"])
def test_the_corpus_brings_its_regions(project: Path, kind: str) -> None:
    use(kind, "data/sample")
    stages, read = needed()
    assert OF_THE_SAMPLE | {kind} <= stages
    assert "precomp" not in stages
    assert {"data/features/regions.h5", "data/interim/pairs.parquet"} <= read


def digests() -> tuple[str, str]:
    """Of what `pairs` writes, and of the data that a checkpoint names."""
    for stage in (precomp, pairs):
        stage.main()
    folder = Path("data/matching/pairs")
    params = matching_params({"corpus.folder": "data/f30k_precomp"})
    data = MatchingData.load(CaptionSet.read(folder), params, Path("words"))
    return (folder / "features.json").read_text(), data.digest


def test_changed_features_change_what_training_depends_on(project: Path) -> None:
    use("precomp", "data/f30k_precomp")
    written, identity = digests()
    assert digests() == (written, identity)
    path = Path("data/f30k_precomp/train_ims.npy")
    np.save(path, np.load(path) + 1)
    assert digests()[0] != written
    assert digests()[1] != identity


def test_files_that_dvc_does_not_see_are_refused(project: Path) -> None:
    np.save("noise.npy", np.repeat(np.arange(240), 5))
    use("precomp", "data/f30k_precomp", noise={"file": "noise.npy"})
    with pytest.raises(UserError, match=r"noise\.file.*must lie below data/pretrained/matching"):
        pairs.main()
    own = Path("data/pretrained/matching/noise.npy")
    own.parent.mkdir(parents=True)
    Path("noise.npy").rename(own)
    use("precomp", "data/f30k_precomp", noise={"file": str(own)})
    for stage in (precomp, pairs):
        stage.main()
