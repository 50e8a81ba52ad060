"""Region extraction on a GPU, with random weights and drawn images, in at most eight minutes.

python -m tests.benchmarks.gpu_extraction [--images 800] [--side 800] [--runs 3] [--minutes 8]

Without a GPU it measures the CPU, for which a few small images are enough.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image
from torchvision.models.detection import fasterrcnn_resnet50_fpn
from torchvision.ops import FrozenBatchNorm2d

from pipeline.core.device import frozen_inference, resolve_device, takes_batches, trunk_layout
from pipeline.encoders.detectors import Prepared, load_detector
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.extract import extract
from pipeline.evaluation.origin import processor
from pipeline.images.decoding import ImageBytes
from tests.benchmarks.measuring import Ratio, alternate, bench_arguments, medians, report

REGIONS = 36
# Images per second that are asked for.
AIMS = {"fasterrcnn_lite": 1000, "fasterrcnn_resnet50_fpn": 100}
# Height to width, as images on the web have them.
SHAPES = (3 / 4, 4 / 3, 2 / 3, 9 / 16, 1.0)
Items = Sequence[tuple[str, ImageBytes]]
Batch = tuple[torch.Tensor, list[tuple[int, int]]]


def main() -> None:
    parser = bench_arguments(__doc__, runs=3)
    parser.add_argument("--images", type=int, default=800)
    parser.add_argument("--side", type=int, default=800, help="longer side of a drawn image")
    parser.add_argument("--minutes", type=float, default=8.0)
    arguments = parser.parse_args()
    deadline = time.monotonic() + 60 * arguments.minutes
    device = resolve_device("auto")
    images = drawn(arguments.images, arguments.side)
    with TemporaryDirectory() as folder:
        for name in AIMS:
            path = untrained(Path(folder)) if "resnet" in name else None
            measure(name, path, device, images, arguments.runs, deadline)


def measure(
    name: str, weights: Path | None, device: torch.device, items: Items, runs: int, deadline: float
) -> None:
    """Report images per second, the ratio to the bare forward, and what is in the way."""
    encoder = RegionEncoder(name, load_detector(name, weights), REGIONS, device)
    batches = stacked(encoder, items, device)
    actions: dict[str, Callable[[], object]] = {
        "extract": lambda: extract_all(encoder, items),
        "bare": lambda: forward(encoder, batches, device),
    }
    seconds: dict[str, list[float]] = {action: [] for action in actions}
    for action in actions.values():
        action()  # kernels are chosen, memory is allocated, canvases have their anchors
    for _ in range(runs):
        for action, found in alternate(1, **actions).items():
            seconds[action] += found
        if time.monotonic() + 2 * (seconds["extract"][-1] + seconds["bare"][-1]) > deadline:
            break
    rates = {f"images_per_second_{key}": len(items) / min(x) for key, x in seconds.items()}
    sizes = {"images": len(items), "batches": len(batches), **medians(seconds), **peak(device)}
    what = f"extraction with {name} on {device_name(device)} against the bare forward"
    ratio = Ratio.of(seconds["extract"], seconds["bare"])
    shown = {key: round(value, 1) for key, value in rates.items()}
    aim = f"at most 1.15, and {AIMS[name]} images a second"
    report(f"gpu_extraction_{name}", what, ratio, aim, **shown, **sizes)


def device_name(device: torch.device) -> str:
    """Of the GPU, or else of the processor."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor(device)


def peak(device: torch.device) -> dict[str, int]:
    """The most memory of the GPU that tensors took."""
    if device.type != "cuda":
        return {}
    return {"megabytes_gpu": torch.cuda.max_memory_allocated(device) // 2**20}


def drawn(count: int, side: int) -> list[tuple[str, ImageBytes]]:
    """JPEG files of coloured rectangles, each of another image, in a few shapes."""
    random = np.random.default_rng(0)
    files = []
    for i in range(count):
        shape = SHAPES[i % len(SHAPES)]
        size = (round(side * min(shape, 1)), round(side / max(shape, 1)))
        pixels = np.full((*size, 3), random.integers(60, 200, 3), np.uint8)
        for _ in range(12):
            y, x = (random.integers(0, length - 20) for length in size)
            h, w = random.integers(20, side // 2, 2)
            pixels[y : y + h, x : x + w] = random.integers(0, 256, 3)
        file = BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=90)
        image = ImageBytes(file.getvalue())
        files.append((image.key, image))
    return files


def untrained(folder: Path) -> Path:
    """Weights whose proposals lie everywhere and whose scores differ."""
    torch.manual_seed(0)
    model = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=91)
    for layer in model.modules():
        if isinstance(layer, FrozenBatchNorm2d):
            layer.weight.fill_(0.5)  # else values grow from block to block
    for layer in (model.rpn.head.cls_logits, model.rpn.head.bbox_pred):
        torch.nn.init.normal_(layer.weight, std=0.05)
    path = folder / "untrained.pth"
    torch.save(model.state_dict(), path)
    return path


def extract_all(encoder: RegionEncoder, items: Items) -> None:
    with TemporaryDirectory() as root:
        extract(encoder, items, RowCache(Path(root), encoder))


def stacked(encoder: RegionEncoder, items: Items, device: torch.device) -> list[Batch]:
    """Decoded batches of one shape each, with their images' sizes."""
    groups: dict[object, list[Prepared]] = {}
    for _, image in items:
        loaded = encoder.load(image)  # type: ignore[arg-type]
        groups.setdefault(encoder.group(loaded), []).append(loaded.prepared)
    size, batches = encoder.batch_size, []
    for images in groups.values():
        for start in range(0, len(images), size):
            part = images[start : start + size]
            pixels = torch.stack([image.pixels for image in part])
            pinned = pixels.pin_memory() if takes_batches(device) else pixels
            batches.append((pinned, [image.size for image in part]))
    return batches


def forward(encoder: RegionEncoder, batches: list[Batch], device: torch.device) -> None:
    """The detector on all batches, of which the last result is waited for."""
    layout = trunk_layout(device)
    with frozen_inference(device), _threads(device):
        for host, sizes in batches:
            pixels = host.to(device, non_blocking=True, memory_format=layout)
            found = encoder._detector.detect(pixels, sizes, REGIONS, "top_conf")
        found.boxes.cpu()


@contextmanager
def _threads(device: torch.device) -> Iterator[None]:
    """One, as extraction has for each of its calls on a CPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(before if takes_batches(device) else 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


if __name__ == "__main__":
    main()
