"""A corpus in a folder of a project, and what people do to it."""

import csv
import io
import random
import zipfile
from pathlib import Path

from PIL import Image

from pipeline.corpus.pairs import SPLITS

Row = dict[str, str]
LABELS = ("irrelevant", "implicit", "explicit")
# So that each split keeps enough to train and measure.
_LEAST = {"train": 9, "dev": 4, "test": 6}
_MOST = 40


class Corpus:
    """Tables and a folder of pictures, read at the start of each change and written at its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def unpack(self, sample: Path) -> None:
        """Begin with the drawn sample."""
        (self.folder / "images").mkdir(parents=True)
        with zipfile.ZipFile(sample / "image.zip") as archive:
            archive.extractall(self.folder / "images")
        for split in SPLITS:
            table = sample / f"{split}_data.csv"
            (self.folder / table.name).write_bytes(table.read_bytes())

    def rows(self, split: str) -> list[Row]:
        with self._table(split).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def picture(self, row: Row) -> Path:
        (found,) = (self.folder / "images").rglob(row["image"])
        return found

    def add(self, rng: random.Random, name: str) -> str:
        """A post with a picture of its own, or with one that another post has."""
        split, rows = self._chosen(rng, most=_MOST)
        like, other = rng.choice(rows), rng.choice(rows)
        picture = self.picture(like)
        if rng.random() < 0.7:
            picture = self.picture(like).with_name(f"{name}.png")
            picture.write_bytes(_redrawn(self.picture(like), rng))
        text = " ".join(rng.sample(words := other["text"].split(), len(words)))
        row = {"id": name, "image": picture.name, "text": text, "label": rng.choice(LABELS)}
        rows.insert(rng.randint(0, len(rows)), row)
        self._write(split, rows)
        return f"{split}: {name} with {picture.name} added"

    def delete(self, rng: random.Random) -> str:
        split, rows = self._chosen(rng)
        row = rows.pop(rng.randrange(len(rows)))
        self._write(split, rows)
        used = {row["image"] for each in SPLITS for row in self.rows(each)}
        if row["image"] not in used:
            self.picture(row).unlink()
        return f"{split}: {row['id']} deleted"

    def relabel(self, rng: random.Random) -> str:
        split, rows = self._chosen(rng)
        row = rng.choice(rows)
        row["label"] = LABELS[(LABELS.index(row["label"]) + 1) % len(LABELS)]
        self._write(split, rows)
        return f"{split}: {row['id']} is {row['label']}"

    def rewrite(self, rng: random.Random) -> str:
        split, rows = self._chosen(rng)
        one, other = rng.sample(rows, 2)
        one["text"] = f"{other['text']} {rng.choice(['dog', 'again', '🙂', '#hashtag'])}"
        self._write(split, rows)
        return f"{split}: {one['id']} has another text"

    def repaint(self, rng: random.Random) -> str:
        """Another picture under the name of an earlier one."""
        split, rows = self._chosen(rng)
        picture = self.picture(row := rng.choice(rows))
        picture.write_bytes(_redrawn(picture, rng))
        return f"{split}: {picture.name} of {row['id']} is another picture"

    def reorder(self, rng: random.Random) -> str:
        split, rows = self._chosen(rng)
        rng.shuffle(rows)
        self._write(split, rows)
        return f"{split}: rows in another order"

    def _chosen(self, rng: random.Random, most: int = 10**6) -> tuple[str, list[Row]]:
        """A split with room for less, or for more."""
        tables = {split: self.rows(split) for split in SPLITS}
        fitting = [s for s in SPLITS if _LEAST[s] < len(tables[s]) < most]
        split = rng.choice(fitting or list(SPLITS))
        return split, tables[split]

    def _table(self, split: str) -> Path:
        return self.folder / f"{split}_data.csv"

    def _write(self, split: str, rows: list[Row]) -> None:
        with self._table(split).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["id", "image", "text", "label"])
            writer.writeheader()
            writer.writerows(rows)


def _redrawn(picture: Path, rng: random.Random) -> bytes:
    """A picture like it, of another size."""
    with Image.open(picture) as image:
        size = rng.randint(60, 230), rng.randint(60, 230)
        redrawn = image.convert("RGB").resize(size).rotate(rng.choice([0, 90, 180]))
    buffer = io.BytesIO()
    redrawn.save(buffer, "PNG")
    return buffer.getvalue()
