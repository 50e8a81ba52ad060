"""A BERT model in one zip archive, cut into packages that are small enough for PyPI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from shutil import copyfileobj
from zipfile import ZipFile

from pipeline.errors import UserError
from pipeline.files import file_hash, remove_abandoned, whole_file


@dataclass(frozen=True)
class SplitModel:
    """What the packages `<name>-pypi-part-001` and so on hold: a folder `name` in one archive.

    parts: the sha256 of each package's part. files: the sha256 of each file to unpack, by name.
    user: named in messages. install: the command that installs the packages.
    """

    name: str
    parts: Sequence[str]
    files: Mapping[str, str]
    user: str
    install: str

    @property
    def packages(self) -> list[str]:
        return [f"{self.name}-pypi-part-{i:03}" for i in range(1, len(self.parts) + 1)]

    def part(self, package: str) -> Path | None:
        """The archive's part in an installed package; none without the package."""
        stem, _, number = package.rpartition("-")
        spec = find_spec(f"{stem}_{number}")
        if spec is None or spec.origin is None:
            return None
        path = Path(spec.origin).parent / "input" / f"{self.name}.zip.{number}"
        return path if path.is_file() else None


def unpack_model(model: SplitModel, cache: Path) -> Path:
    """The model's folder below `cache`; the packages are read only if it is not intact there.

    Raises:
        UserError: a package is missing or damaged, or the folder cannot be written.
    """
    folder = cache / model.name
    wanted = [name for name, sha in model.files.items() if not _is_intact(folder / name, sha)]
    if wanted:
        remove_abandoned(folder)
        with ZipFile(_join(model)) as archive:
            for name in wanted:
                _unpack(archive, f"{model.name}/{name}", folder / name)
    return folder


def _is_intact(path: Path, digest: str) -> bool:
    return path.is_file() and file_hash(path) == digest


def _join(model: SplitModel) -> BytesIO:
    parts = {package: model.part(package) for package in model.packages}
    if missing := [package for package, path in parts.items() if path is None]:
        raise UserError(f"{model.user} needs {', '.join(missing)}; run: {model.install}")
    joined = BytesIO()
    for path, digest in zip(filter(None, parts.values()), model.parts, strict=True):
        data = path.read_bytes()
        if (found := sha256(data).hexdigest()) != digest:
            raise UserError(
                f"{path}: sha256 is {found}, expected {digest}; install it again:"
                f" {model.install} --force-reinstall"
            )
        joined.write(data)
    return joined


def _unpack(archive: ZipFile, member: str, path: Path) -> None:
    with (
        whole_file(path, archive.getinfo(member).file_size) as temporary,
        archive.open(member) as source,
        temporary.open("wb") as target,
    ):
        copyfileobj(source, target)
