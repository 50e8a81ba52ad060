"""The matcher compares every image with every text as AnANet compares one pair."""

from pathlib import Path

import pytest
import torch

from pipeline.models.ananet_matcher import AnANetMatcher, MatcherConfig
from tests.models.tiny_batch import LENGTHS, PRESENT, SCENES, Batch, build
from tests.tiny import SCENE, tiny_config

SHARED = ("region_dim", "word_dim", "encoders", "model", "alignment", "scene")


def new_matcher(scenes: str = "none") -> AnANetMatcher:
    config = tiny_config({"model.scenes": scenes})
    shared = {name: getattr(config, name) for name in SHARED}
    matcher = AnANetMatcher(MatcherConfig(**shared, d_inv=4))
    return matcher.double().eval()


@pytest.mark.parametrize("scenes", ["none", "scenes.h5"])
def test_similarities_are_those_of_pairs_one_by_one(scenes: str) -> None:
    model, batch = build(tiny_config({"model.scenes": scenes})), Batch()
    matcher = new_matcher(scenes)
    places = [len(slots) for slots in PRESENT]
    matcher.image_encoder.load_state_dict(model.image_encoder.state_dict())
    matcher.text_encoder.load_state_dict(model.text_encoder.state_dict())
    if scenes != "none":
        matcher.scene_encoder.load_state_dict(model.scene_encoder.state_dict())
        places = [n + SCENE.places * has for n, has in zip(places, SCENES, strict=True)]
    matcher.W.load_state_dict(model.association.W.state_dict())
    regions, region_mask, words, word_mask, *scene = batch.inputs_of(model)
    images = matcher.encode_images(regions, region_mask, *scene)
    texts = matcher.encode_texts(words, word_mask)
    found = matcher.similarities(images, texts)
    own = matcher.pair_similarities(images, texts)
    torch.testing.assert_close(own, found.diagonal(0, 1, 2))

    assert found.shape == (3, 3, 3)
    for i in range(3):
        for j in range(3):
            image, text = (regions[[i]], region_mask[[i]]), (words[[j]], word_mask[[j]])
            output = model(*image, *text, *(value[[i]] for value in scene))
            one, other = output.association.f_inv_image[0], output.association.f_inv_text[0]
            expected = torch.stack(
                [
                    output.alignment.t_bar.sum() / LENGTHS[j],
                    output.alignment.v_bar.sum() / places[i],
                    one @ other / (one.norm() * other.norm()),
                ]
            )
            torch.testing.assert_close(found[:, i, j], expected)


@pytest.mark.parametrize("scenes", ["none", "scenes.h5"])
def test_comes_back_as_saved_but_for_half_precision(tmp_path: Path, scenes: str) -> None:
    matcher = new_matcher(scenes).float()
    matcher.image_encoder.standardize(torch.randn(5), torch.full((5,), 1e-9))
    matcher.save_pretrained(tmp_path)
    found = AnANetMatcher.from_pretrained(tmp_path)
    assert found.config == matcher.config
    assert {value.dtype for value in found.state_dict().values()} == {torch.float32}
    # What divides stays as it was.
    assert torch.equal(found.image_encoder.spread, matcher.image_encoder.spread)
    for name, value in matcher.named_parameters():
        assert torch.equal(found.state_dict()[name], value.half().float())
        assert value.dtype == torch.float32
