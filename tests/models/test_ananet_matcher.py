"""The matcher compares every image with every text as AnANet compares one pair."""

from pathlib import Path

import torch

from pipeline.models.ananet_matcher import AnANetMatcher, MatcherConfig
from tests.models.tiny_batch import LENGTHS, PRESENT, Batch, build
from tests.tiny import tiny_config


def new_matcher() -> AnANetMatcher:
    config = tiny_config()
    own = {name: getattr(config, name) for name in ("region_dim", "word_dim", "encoders", "model")}
    matcher = AnANetMatcher(MatcherConfig(**own, d_inv=4, alignment=config.alignment))
    return matcher.double().eval()


def test_similarities_are_those_of_pairs_one_by_one() -> None:
    model, matcher, batch = build(tiny_config()), new_matcher(), Batch()
    matcher.image_encoder.load_state_dict(model.image_encoder.state_dict())
    matcher.text_encoder.load_state_dict(model.text_encoder.state_dict())
    matcher.W.load_state_dict(model.association.W.state_dict())
    regions, region_mask, words, word_mask = batch.inputs()
    images = matcher.encode_images(regions, region_mask)
    found = matcher.similarities(images, matcher.encode_texts(words, word_mask))

    assert found.shape == (3, 3, 3)
    for i in range(3):
        for j in range(3):
            pair = (regions[[i]], region_mask[[i]], words[[j]], word_mask[[j]])
            output = model(*pair)
            one, other = output.association.f_inv_image[0], output.association.f_inv_text[0]
            expected = torch.stack(
                [
                    output.alignment.t_bar.sum() / LENGTHS[j],
                    output.alignment.v_bar.sum() / len(PRESENT[i]),
                    one @ other / (one.norm() * other.norm()),
                ]
            )
            torch.testing.assert_close(found[:, i, j], expected)


def test_comes_back_as_saved_but_for_half_precision(tmp_path: Path) -> None:
    matcher = new_matcher().float()
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
