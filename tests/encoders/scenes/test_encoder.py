from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import inception_v3, resnet18
from torchvision.transforms.functional import normalize, to_tensor

from pipeline.encoders.rows.encoder import identity
from pipeline.encoders.scenes.encoder import SceneEncoder, load_trunk
from pipeline.errors import UserError

CPU = torch.device("cpu")


class Shown:
    """Stands for an image of the corpus: coarse noise, wider than high."""

    def open(self) -> Image.Image:
        noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        return Image.fromarray(noise).resize((320, 240))


def row(encoder: SceneEncoder) -> dict[str, np.ndarray]:
    (found,) = encoder.encode([encoder.load(Shown())])  # type: ignore[arg-type]
    for field in encoder.fields:
        assert found[field.name].shape == field.shape
        assert found[field.name].dtype == field.dtype
    return found


def pixels(size: int) -> torch.Tensor:
    return to_tensor(Shown().open().resize((size, size), Image.Resampling.BILINEAR))[None]


def save_untrained(model: nn.Module, path: Path) -> None:
    # Running statistics as trained ones have, so that a forgotten eval mode would show.
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    torch.save(model.state_dict(), path)


def test_efficientnet_gives_a_vector_and_a_grid() -> None:
    found = row(SceneEncoder("efficientnet_lite0", load_trunk("efficientnet_lite0"), CPU))
    assert found["pooled"].shape == (1280,)
    assert found["grid"].shape == (49, 320)
    # ReLU6 came before the mean.
    assert found["pooled"].min() >= 0
    assert found["pooled"].max() <= 6
    assert found["pooled"].std() > 0.1


def test_grid_cells_are_rows_one_after_the_other() -> None:
    trunk = load_trunk("efficientnet_lite0")
    with torch.inference_mode():
        (grid,), _ = trunk.model(pixels(224))  # C x h x w
    found = row(SceneEncoder("efficientnet_lite0", trunk, CPU))["grid"]
    for line, column in [(0, 0), (0, 6), (1, 0), (6, 3)]:
        expected = grid[:, line, column].half().numpy()
        np.testing.assert_array_equal(found[7 * line + column], expected)


def test_resnet18_pools_as_its_classifier_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = resnet18(weights=None)
    save_untrained(model, tmp_path / "w.pth")
    model.fc = nn.Identity()
    found = row(SceneEncoder("resnet18", load_trunk("resnet18", tmp_path / "w.pth"), CPU))
    with torch.inference_mode():
        images = normalize(pixels(224), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        expected = model.eval()(images)[0].half().numpy()
    np.testing.assert_allclose(found["pooled"], expected, rtol=2e-3)
    np.testing.assert_allclose(found["grid"].mean(0), expected, rtol=1e-2, atol=1e-3)


def test_inception_sees_what_its_own_transform_makes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = inception_v3(weights=None, init_weights=False, transform_input=True)
    save_untrained(model, tmp_path / "w.pth")
    model.fc = nn.Identity()
    found = row(SceneEncoder("inception_v3", load_trunk("inception_v3", tmp_path / "w.pth"), CPU))
    with torch.inference_mode():
        # torchvision takes images normalised for ImageNet and undoes that.
        images = normalize(pixels(299), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        expected = model.eval()(images)[0].half().numpy()
    np.testing.assert_allclose(found["pooled"], expected, rtol=1e-2, atol=1e-4)


def test_other_weights_have_another_identity(tmp_path: Path) -> None:
    identities = set()
    for seed in (0, 1):
        torch.manual_seed(seed)
        torch.save(resnet18(weights=None).state_dict(), tmp_path / "w.pth")
        trunk = load_trunk("resnet18", tmp_path / "w.pth")
        identities.add(identity(SceneEncoder("resnet18", trunk, CPU)))
    assert len(identities) == 2


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet18", "inception_v3"])
def test_weights_of_another_network_are_refused(tmp_path: Path, name: str) -> None:
    torch.save({"weight": torch.ones(1)}, tmp_path / "w.pth")
    with pytest.raises(UserError, match=f"weights {tmp_path / 'w.pth'} do not fit"):
        load_trunk(name, tmp_path / "w.pth")
