"""Use a project at random, and check after each step that all is as it must be.

python -m tests.soak.use [--steps 200] [--seed 0] [--folder FOLDER]
"""

import random
import shutil
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cases import record
from tests.dvc_project import clone_project, ran
from tests.soak.corpus import Corpus
from tests.soak.invariants import made_in, require_lone_rows, require_order, state_of
from tests.soak.runs import WarmProject, WarmRun

# Few values each, so that states come back.
PARAMS: dict[str, tuple[int | float | str, ...]] = {
    "regions.count": (5, 4),
    "glove.oov": ("mean", "zero"),
    "bert.merge": ("mean", "first"),
    "prepare.max_words": (100, 6),
    "prepare.tokenizer": ("glove_ruby", "plain"),
    "fusion.lambda": (1.0, 0.7),
    "train.seed": (0, 1),
    "evaluate.bootstrap": (50, 60),
}
OWN = "data/own"
_TOLD_EACH = 50


class Use:
    """A project with a corpus of its own, and what its runs made, by the state that they were of.

    folder: for the project, its clones and the row cache that they share.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._cache = folder, folder / "cache"
        self.project = clone_project(folder / "clone0", self._cache, WarmProject)
        self.project.dvc("repro", "--quiet", "stages/sample/dvc.yaml:draw")
        self.corpus.unpack(self.project.root / "data/sample")
        self.project.set_params({"corpus.path": OWN})
        self.rng, self.steps, self.kinds = random.Random(seed), 0, Counter[str]()
        self.again = self.torn = 0
        self._known: dict[str, dict[str, str]] = {}
        self._commits: list[str] = []
        self._clones = 0
        self._seconds = 20.0
        self._settle()

    @property
    def corpus(self) -> Corpus:
        return Corpus(self.project.root / OWN)

    def step(self, kind: str | None = None) -> str:
        """Take a step, one of `STEPS`, and check; says what it was."""
        kind = kind or self.rng.choices([*STEPS], [weight for _, weight in STEPS.values()])[0]
        self.steps += 1
        self.kinds[kind] += 1
        told = STEPS[kind][0](self)
        try:
            stages = self._settle()
        except AssertionError as error:
            raise AssertionError(f"step {self.steps}, {kind}, {told}: {error}") from error
        return f"{kind}: {told}; ran {' '.join(stages) or 'nothing'}"

    def _settle(self) -> list[str]:
        """One plain `dvc repro`, after which all must hold; the stages that ran."""
        start = time.monotonic()
        output = self._repro()
        if stages := ran(output):
            self._seconds = time.monotonic() - start
        root = self.project.root
        require_order(root, self.corpus)
        require_lone_rows(root, self.rng)
        state, made = state_of(root, root / OWN), made_in(root)
        self.again += state in self._known
        before = self._known.setdefault(state, made)
        changed = sorted(name for name, _ in made.items() ^ before.items())
        assert not changed, f"{changed} differ from what the same state made before"
        self._commit()
        return stages

    def _repro(self) -> str:
        """What it says; where a kill met DVC as it wrote its own records, after their remedy."""
        before = self.project.torn
        try:
            return self.project.mended("repro")
        finally:
            self.torn += self.project.torn - before

    def _commit(self) -> None:
        git = self.project.call
        git("git", "add", "--all")
        git("git", "add", "--all", "--force", OWN)
        git("git", "commit", "--quiet", "--allow-empty", "--message", f"Step {self.steps}")
        self._commits.append(git("git", "rev-parse", "HEAD").strip())

    def add(self) -> str:
        posts = range(self.rng.randint(1, 3))
        return ", ".join(self.corpus.add(self.rng, f"n{self.steps}_{i}") for i in posts)

    def change(self) -> str:
        """Any change of a corpus or parameters."""
        corpus = self.corpus
        changes = (corpus.delete, corpus.relabel, corpus.rewrite, corpus.repaint)
        return self.rng.choice([*(lambda c=c: c(self.rng) for c in changes), self.set_param])()

    def set_param(self) -> str:
        key = self.rng.choice([*PARAMS])
        value = self.rng.choice(PARAMS[key])
        self.project.set_params({key: value})
        return f"{key} = {value}"

    def kill(self) -> str:
        """SIGKILL to a run in the midst of its work, all of it or dvc alone."""
        told = self.change()
        run = WarmRun(self.project.root, self.project.environment, "repro")
        after = self.rng.uniform(0, self._seconds)
        try:
            run.wait(after)
        except TimeoutError:
            run.kill()
        run.said()
        return f"{told}, killed after {after:.1f} s"

    def collect(self) -> str:
        return self.project.dvc("gc", "--workspace", "--force").strip().partition("\n")[0]

    def go_back(self) -> str:
        """To an earlier commit, of whose outputs `gc` may have left none."""
        commit = self.rng.choice(self._commits)
        self.project.call("git", "checkout", "--quiet", "--force", commit)
        said = WarmRun(self.project.root, self.project.environment, "checkout").said()
        assert "Traceback" not in said, said
        return f"to step {self._commits.index(commit)}"

    def clone(self) -> str:
        """Go on in a second clone, which has nothing but the row cache in common."""
        before, self._clones = self.project.root, self._clones + 1
        root = self._folder / f"clone{self._clones}"
        self.project.call("git", "clone", "--quiet", str(before), str(root))
        shutil.copytree(before / "data/pretrained", root / "data/pretrained", dirs_exist_ok=True)
        self.project = WarmProject(root, self._cache)
        shutil.rmtree(before)
        return root.name

    def lose_outputs(self) -> str:
        """All that DVC keeps, and all that the stages made."""
        data = self.project.root / "data"
        for folder in (self.project.root / ".dvc/cache", data / "features", data / "models"):
            shutil.rmtree(folder, ignore_errors=True)
        self.project.call("git", "checkout", "--quiet", ".")
        return "cache of DVC, features and model"

    def lose_rows(self) -> str:
        shutil.rmtree(self._cache)
        (self.project.root / "data/features/regions.h5").unlink()
        shutil.rmtree(self.project.root / ".dvc/cache")
        return "row cache"


# What a step does, and how often in comparison.
STEPS: dict[str, tuple[Callable[[Use], str], float]] = {
    "add posts": (Use.add, 3),
    "delete a post": (lambda use: use.corpus.delete(use.rng), 2),
    "relabel a post": (lambda use: use.corpus.relabel(use.rng), 2),
    "another text": (lambda use: use.corpus.rewrite(use.rng), 1.5),
    "another picture": (lambda use: use.corpus.repaint(use.rng), 1.5),
    "another order": (lambda use: use.corpus.reorder(use.rng), 1),
    "another parameter": (Use.set_param, 4),
    "SIGKILL in a run": (Use.kill, 4),
    "dvc gc": (Use.collect, 1.5),
    "checkout of an earlier state": (Use.go_back, 4),
    "a second clone": (Use.clone, 0.4),
    "lost outputs": (Use.lose_outputs, 0.5),
    "lost row cache": (Use.lose_rows, 0.4),
}


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with TemporaryDirectory(dir=arguments.folder) as folder:
        use = Use(Path(folder), arguments.seed)
        for _ in range(arguments.steps):
            print(f"{use.steps + 1:4} {use.step()}", flush=True)
            if use.steps % _TOLD_EACH == 0:
                _tell(use)
        _tell(use)


def _tell(use: Use) -> None:
    record("make soak", {kind: use.kinds[kind] for kind in STEPS if use.kinds[kind]})
    print(f"{use.again} of their states had been met before, and gave the same bytes again")
    print(f"{use.torn} kills met DVC as it wrote its own records", flush=True)


if __name__ == "__main__":
    main()
