"""The train pairs that an audit believed least, as the page shows them."""

from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.report.thumbnails import CorpusImages, data_uri

_SHOWN = 12
_SIDE = 160


def read_audit(path: Path, pairs: pd.DataFrame, images: CorpusImages) -> dict[str, Any]:
    """The least believed pairs with their pictures; empty where no audit was made.

    Pairs that the corpus no longer has are passed over.
    """
    if not path.exists():
        return {}
    table = pd.read_csv(path, dtype={"id": str, "text": str}, keep_default_na=False)
    keys = dict(zip(pairs["id"], pairs["image_key"], strict=True))
    known = table[[keys.get(identifier, "") in images for identifier in table["id"]]]
    shown = [
        {
            "id": row["id"],
            "label": row["label"],
            "correspondence": row["correspondence"],
            "text": row["text"],
            "image": data_uri(images.open(keys[row["id"]]), _SIDE),
        }
        for row in known.head(_SHOWN).to_dict("records")
    ]
    return {"pairs": shown, "total": len(table), "file": path.name}
