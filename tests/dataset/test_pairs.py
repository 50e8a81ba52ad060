"""Batches hold each pair's own image and words, whatever the order of tables and files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.dataset.arrays import FeatureFiles
from pipeline.dataset.pairs import PairBatch, PairFeatures, require_encoders
from pipeline.errors import UserError
from pipeline.models.classifier import SceneDims
from tests.tiny import tiny_params
from tests.tiny_corpus import (
    CELLS,
    D_B,
    D_G,
    D_GRID,
    D_POOLED,
    D_R,
    LABELS,
    SIZES,
    K,
    load,
    read,
    tiny_corpus,
)

DEFAULTS = tiny_params().model


def words_of(folder: Path, key: str) -> np.ndarray:
    """A text's word vectors, looked up one word at a time."""
    _, glove, bert = read(folder)
    row = glove.keys.tolist().index(key.encode())
    other = bert.keys.tolist().index(key.encode())
    words = []
    for j in range(glove.offsets[row + 1] - glove.offsets[row]):
        vector = glove.vectors[glove.word_ids[glove.offsets[row] + j]]
        words.append(np.concatenate([vector, bert.vectors[bert.offsets[other] + j]]))
    return np.array(words, np.float32)


def regions_of(folder: Path, key: str) -> tuple[np.ndarray, np.ndarray]:
    """An image's regions and their mask by falling score, missing ones last."""
    regions, _, _ = read(folder)
    row = regions.keys.tolist().index(key.encode())
    order = sorted(range(K), key=lambda k: (not regions.mask[row, k], -regions.scores[row, k]))
    return regions.features[row, order].astype(np.float32), regions.mask[row, order]


@pytest.mark.parametrize("shuffled", [False, True])
def test_batch_holds_each_pair_s_own_features(tmp_path: Path, shuffled: bool) -> None:
    corpus = tiny_corpus()
    if shuffled:
        corpus.pairs = corpus.pairs.sample(frac=1, random_state=3)
    features = corpus.features(tmp_path)
    rows = np.array([70, 3, 11, 60], dtype=np.int64)
    batch = features.gather(rows)
    assert batch.inputs["words"].shape[1] == batch.inputs["word_mask"].sum(1).max()
    for i, row in enumerate(rows):
        pair = corpus.pairs.iloc[row]
        assert features.ids[row] == pair["id"]
        assert LABELS[batch.labels[i]] == pair["label"]
        words, (regions, mask) = (
            words_of(tmp_path, pair["text_key"]),
            regions_of(tmp_path, pair["image_key"]),
        )
        np.testing.assert_array_equal(batch.inputs["words"][i, : len(words)], words)
        assert not batch.inputs["words"][i, len(words) :].any()
        assert batch.inputs["word_mask"][i].tolist() == [
            j < len(words) for j in range(batch.inputs["words"].shape[1])
        ]
        np.testing.assert_array_equal(batch.inputs["regions"][i], regions)
        np.testing.assert_array_equal(batch.inputs["region_mask"][i], mask)


def test_features_stay_as_their_file_has_them_until_a_batch_is_made(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    corpus.write(tmp_path)
    regions, *words = read(tmp_path)
    regions = replace(regions, features=np.array(regions.features))  # of a file, it is read-only
    files = FeatureFiles(words, regions)
    features = PairFeatures.join(corpus.pairs, LABELS, files, DEFAULTS.region_order)
    assert regions.features.dtype == np.float16
    regions.features[...] = 7  # seen in a batch, if nobody made a wider copy
    batch = features.gather(features.rows("dev"))
    assert (batch.inputs["regions"] == 7).all()
    assert batch.inputs["regions"].dtype == batch.inputs["words"].dtype == torch.float32


@pytest.mark.parametrize(
    ("text", "width", "files"),
    [
        ("glove+bert", D_G + D_B, {"regions.h5", "glove.h5", "bert.h5"}),
        ("glove", D_G, {"regions.h5", "glove.h5"}),
        ("bert", D_B, {"regions.h5", "bert.h5"}),
    ],
)
def test_text_choice_decides_width_and_files(
    tmp_path: Path, text: str, width: int, files: set[str]
) -> None:
    corpus = tiny_corpus()
    features = corpus.features(tmp_path, {"model.text": text})
    assert (features.arrays.region_count, features.arrays.region_dim, features.arrays.word_dim) == (
        K,
        D_R,
        width,
    )
    assert features.arrays.encoders.keys() == files
    both = words_of(tmp_path, corpus.pairs["text_key"][5])
    expected = {"glove+bert": both, "glove": both[:, :D_G], "bert": both[:, D_G:]}[text]
    np.testing.assert_array_equal(features.gather(np.array([5])).inputs["words"][0], expected)


def test_splits_are_kept_apart(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    features = corpus.features(tmp_path)
    for split, size in SIZES.items():
        rows = features.rows(split)
        assert len(rows) == size
        assert set(corpus.pairs["split"].iloc[rows]) == {split}
        assert sorted(np.concatenate(features.batches(split, 8))) == rows.tolist()


def missing_image(corpus: Any) -> None:
    corpus.pairs.loc[3, "image_key"] = "gone"


def missing_text(corpus: Any) -> None:
    corpus.pairs.loc[3, "text_key"] = "gone"


def unknown_label(corpus: Any) -> None:
    corpus.pairs.loc[3, "label"] = "sideways"


def other_words(corpus: Any) -> None:
    corpus.bert["offsets"][4:] += 1
    corpus.bert["empty"] = np.append(corpus.bert["empty"], False)
    corpus.bert["vectors"] = np.concatenate([corpus.bert["vectors"], [[0, 0, 0]]]).astype("f2")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (missing_image, r"regions\.h5 has no row for key gone"),
        (missing_text, r"glove\.h5 has no row for key gone"),
        (unknown_label, r"\['sideways'\]; allowed: \['irrelevant', 'implicit', 'explicit'\]"),
        (other_words, r"text text\d+ has \d words in .*glove\.h5 but \d in .*bert\.h5"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, damage: Any, message: str) -> None:
    corpus = tiny_corpus()
    damage(corpus)
    with pytest.raises(UserError, match=message):
        corpus.features(tmp_path)


def test_missing_table_and_empty_split_are_named(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    corpus.pairs = corpus.pairs[corpus.pairs["split"] != "dev"]
    features = corpus.features(tmp_path)
    with pytest.raises(UserError, match="no pairs in its 'dev' split"):
        features.batches("dev", 8)
    (tmp_path / "pairs.parquet").unlink()
    with pytest.raises(UserError, match=r"pairs\.parquet not found"):
        load(tmp_path, DEFAULTS)


def test_other_encoders_than_the_model_s_are_refused(tmp_path: Path) -> None:
    features: PairFeatures = tiny_corpus().features(tmp_path)
    require_encoders(features, dict(features.arrays.encoders))
    other = features.arrays.encoders | {"bert.h5": "0" * 64}
    with pytest.raises(
        UserError, match=f"bert.h5 of encoder 0+, .*{features.arrays.encoders['bert.h5']}"
    ):
        require_encoders(features, other)
    with pytest.raises(UserError, match=r"glove\.h5"):
        require_encoders(features, {"regions.h5": features.arrays.encoders["regions.h5"]})


@pytest.mark.parametrize(
    ("names", "inputs", "file"),
    [
        (("regions", "region_mask"), {"regions", "region_mask"}, "regions.h5"),
        (("pooled",), {"pooled"}, "scenes.h5"),
        (("grid",), {"grid"}, "scenes.h5"),
        (("grid", "scene_mask"), {"grid", "scene_mask"}, "scenes.h5"),
    ],
)
def test_only_what_a_model_reads_is_loaded(
    tmp_path: Path, names: tuple[str, ...], inputs: set[str], file: str
) -> None:
    tiny_corpus().write(tmp_path)
    (tmp_path / ({"regions.h5", "scenes.h5"} - {file}).pop()).unlink()
    features = load(tmp_path, DEFAULTS, names)
    assert features.arrays.encoders.keys() == {file, "glove.h5", "bert.h5"}
    batch: PairBatch = features.gather(np.array([0, 1]))
    assert batch.inputs.keys() == inputs | {"words", "word_mask", "lengths"}


def test_scenes_belong_to_their_pairs(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    corpus.write(tmp_path)
    rows = np.array([70, 3, 11])
    batch = load(tmp_path, DEFAULTS, ("pooled", "grid")).gather(rows)
    for name in ("pooled", "grid"):
        assert batch.inputs[name].dtype == torch.float32
        for i, row in enumerate(rows):
            place = corpus.image_keys.index(corpus.pairs["image_key"][row])
            np.testing.assert_array_equal(batch.inputs[name][i], corpus.scenes[name][place])


def test_ananet_with_scenes_reads_both_files(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    corpus.scenes["status"][7] = 2
    features = corpus.features(tmp_path, {"model.scenes": "scenes.h5"})
    assert features.arrays.encoders.keys() == {"regions.h5", "scenes.h5", "glove.h5", "bert.h5"}
    assert features.arrays.scene_dims == SceneDims(pooled=D_POOLED, grid=D_GRID, cells=CELLS)
    rows = np.arange(len(corpus.pairs))
    readable = features.gather(rows).inputs["scene_mask"].tolist()
    assert readable == (corpus.pairs["image_key"] != corpus.image_keys[7]).tolist()


def test_moments_of_scenes_are_over_readable_images(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    corpus.pairs.loc[corpus.pairs["split"] == "train", "image_key"] = [
        corpus.image_keys[i % 7] for i in range(SIZES["train"])
    ]
    corpus.scenes["status"][3] = 1
    features = corpus.features(tmp_path, {"model.scenes": "scenes.h5"})
    moments = features.arrays.scene_moments(features.rows("train"))
    for name in ("pooled", "grid"):
        values = np.concatenate([corpus.scenes[name][:3], corpus.scenes[name][4:7]])
        vectors = values.astype(np.float32).reshape(-1, values.shape[-1])
        mean, spread = moments[name]
        np.testing.assert_allclose(mean, vectors.mean(0), atol=1e-5)
        np.testing.assert_allclose(spread, vectors.std(0), atol=1e-5)


def test_other_labels_and_fewer_pairs_leave_the_original_alone(tmp_path: Path) -> None:
    features = tiny_corpus().features(tmp_path)
    labels, train = features.labels.copy(), features.rows("train")
    wrong = features.relabelled((labels + 1) % 3)
    fewer = features.without(train[10:])
    assert (wrong.labels == (labels + 1) % 3).all()
    assert fewer.rows("train").tolist() == train[:10].tolist()
    assert fewer.rows("test").tolist() == features.rows("test").tolist()
    assert (features.labels == labels).all()
    assert features.rows("train").tolist() == train.tolist()
    one = features.gather(train[:2]).inputs["words"]
    assert torch.equal(one, fewer.gather(train[:2]).inputs["words"])


def test_moments_are_over_the_regions_of_a_split_s_images(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    corpus.pairs.loc[corpus.pairs["split"] == "train", "image_key"] = [
        # One image belongs to many pairs and counts once; some regions are masked.
        corpus.image_keys[i % 7]
        for i in range(SIZES["train"])
    ]
    features = corpus.features(tmp_path)
    mean, spread = features.arrays.region_moments(features.rows("train"))
    regions = [regions_of(tmp_path, key) for key in corpus.image_keys[:7]]
    valid = np.concatenate([values[mask] for values, mask in regions])
    assert len(valid) < 7 * K
    np.testing.assert_allclose(mean, valid.mean(0), atol=1e-5)
    np.testing.assert_allclose(spread, valid.std(0), atol=1e-5)
