"""A single pair's output is what the network computed for it, in the feature file's order."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.dataset.pairs import PairFeatures
from pipeline.dataset.predictions import predict
from pipeline.errors import UserError
from pipeline.metrics.pair_outputs import PairOutput, read_pair_outputs, write_pair_outputs
from pipeline.metrics.pair_predictions import predict_pairs
from pipeline.models.ananet import AnANet
from pipeline.models.classifier import apply_model
from tests.tiny import opinionated, tiny_config
from tests.tiny_corpus import CELLS, D_B, D_G, D_R, K, read, tiny_corpus


def tiny_model(features: PairFeatures, **changes: object) -> AnANet:
    torch.manual_seed(0)
    fields: dict[str, Any] = {
        "region_dim": D_R,
        "word_dim": D_G + D_B,
        "regions": K,
        "max_words": 9,
    }
    fields["scene"] = features.arrays.scene_dims
    model = AnANet(tiny_config(changes, encoders=features.arrays.encoders, **fields))
    return opinionated(model).eval()


def test_same_classes_and_votes_as_evaluation(tmp_path: Path) -> None:
    features = tiny_corpus().features(tmp_path)
    model = tiny_model(features)
    whole = predict(model, features, "test")
    judged = predict_pairs(model, features, features.rows("test"))
    assert [one.predicted for one in judged] == whole.predicted.tolist()
    for stream, classes in whole.streams.items():
        assert [int(one.streams[stream].argmax()) for one in judged] == classes.tolist()
    for one, expected in zip(judged, whole.probabilities, strict=True):
        np.testing.assert_allclose(one.probabilities, expected, atol=1e-6)
        assert all(abs(vote.sum() - 1) < 1e-5 for vote in one.streams.values())


@pytest.mark.parametrize("order", ["conf", "area", "raster"])
@pytest.mark.parametrize("mask_padding", [True, False])
def test_links_do_not_depend_on_batch_and_slots(
    tmp_path: Path, order: str, mask_padding: bool
) -> None:
    """Attention of a pair fed by hand, its regions in the order of the file."""
    features = tiny_corpus().features(tmp_path, {"model.region_order": order})
    model = tiny_model(features, **{"model.mask_padding": mask_padding})
    regions, _, _ = read(tmp_path)
    rows = features.rows("test")
    pairs = tiny_corpus().pairs
    for row, found in zip(rows.tolist(), predict_pairs(model, features, rows), strict=True):
        alone = features.gather(np.array([row]))
        image = int(regions.index([pairs["image_key"][row]])[0])
        vectors = torch.from_numpy(regions.features[image]).float().unsqueeze(0)
        mask = torch.from_numpy(regions.mask[image]).unsqueeze(0)
        with torch.inference_mode():
            expected = model(
                vectors, mask, alone.inputs["words"], alone.inputs["word_mask"]
            ).alignment
        assert found.attention
        length = alone.inputs["words"].shape[1]
        assert found.attention.A_v2t.shape == (length, K)
        assert found.attention.A_t2v.shape == (K, length)
        for name, values in (
            ("A_v2t", expected.A_v2t[0, :length]),
            ("A_t2v", expected.A_t2v[0, :, :length]),
            ("t_bar", expected.t_bar[0, :length]),
            ("v_bar", expected.v_bar[0]),
        ):
            np.testing.assert_allclose(getattr(found.attention, name), values, atol=1e-5)


def test_maps_of_a_model_with_scenes_are_over_regions_only(tmp_path: Path) -> None:
    changes = {"model.scenes": "scenes.h5"}
    features = tiny_corpus().features(tmp_path, changes)
    model, rows = tiny_model(features, **changes), features.rows("test")[:1]
    with torch.inference_mode():
        whole = apply_model(model, features.gather(rows).inputs).alignment
    (output,) = predict_pairs(model, features, rows)
    assert output.attention
    of_regions, of_scene = whole.A_v2t[0].split([K, 1 + CELLS], dim=1)
    assert (of_scene > 0).all()
    order = np.argsort(features.arrays.slots(rows)[0])
    np.testing.assert_allclose(output.attention.A_v2t, of_regions[:, order], atol=1e-6)
    np.testing.assert_allclose(output.attention.v_bar, whole.v_bar[0][order], atol=1e-6)
    assert output.attention.A_t2v.shape == (K, len(of_regions))


def test_model_without_alignment_net_has_no_links(tmp_path: Path) -> None:
    features = tiny_corpus().features(tmp_path)
    model = tiny_model(features, **{"model.streams": "association"})
    (output,) = predict_pairs(model, features, features.rows("test")[:1])
    assert output.attention is None
    assert list(output.streams) == ["association"]


def test_written_outputs_are_read_again(tmp_path: Path) -> None:
    features = tiny_corpus().features(tmp_path)
    (output, *_) = predict_pairs(tiny_model(features), features, features.rows("test"))
    votes_only = PairOutput(output.probabilities, output.streams, None)
    write_pair_outputs(tmp_path / "examples.json", {"a": output, "ü/0": votes_only})
    found = read_pair_outputs(tmp_path / "examples.json")
    assert list(found) == ["a", "ü/0"]
    assert found["ü/0"].attention is None
    assert output.attention
    assert found["a"].attention
    for name, expected in vars(output.attention).items():
        np.testing.assert_allclose(getattr(found["a"].attention, name), expected, atol=1e-6)
    for stream, expected in output.streams.items():
        np.testing.assert_allclose(found["ü/0"].streams[stream], expected, atol=1e-6)
    assert found["a"].predicted == output.predicted


def test_missing_outputs_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"examples\.json not found.*dvc repro"):
        read_pair_outputs(tmp_path / "examples.json")
