"""Where the time of SGR's step goes: its matrix products against the same ones alone, and the rest.

python -m tests.benchmarks.sgr_products
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch.profiler import ProfilerActivity, profile

from tests.benchmarks.matching import encoded, looped, step
from tests.benchmarks.measuring import Ratio, alternate, bench_arguments, clock_named, report

# The places of both factors among an operator's inputs.
_FACTORS = {"aten::mm": (0, 1), "aten::bmm": (0, 1), "aten::addmm": (1, 2)}
_SHOWN = 12

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Profile:
    """Seconds of a step by operator, of its products also by the shapes of both factors."""

    operators: Counter[str]
    products: Counter[tuple[Shape, Shape]]
    calls: Counter[tuple[Shape, Shape]]

    @property
    def total(self) -> float:
        return self.operators.total()


def main() -> None:
    parser = bench_arguments(__doc__, runs=3)
    parser.add_argument("--batch", type=int, default=128)
    arguments = parser.parse_args()
    clock = clock_named(arguments.clock)
    model, images, texts = encoded(arguments.batch)

    def batch() -> None:
        step(model.similarity(images, texts))

    batch()  # warms up
    within, alone, loops = [], [], []
    for _ in range(arguments.runs):
        found = profiled(batch)
        within.append(found.products.total())
        alone.append(sum(products_alone(found)))
        (seconds,) = alternate(1, clock, loop=lambda: step(looped(model, images, texts)))["loop"]
        loops.append(seconds)
    show(found)
    # Operators in place and not are one here; those below a percent are only printed.
    shares = Counter[str]()
    for name, x in rest(found):
        shares[name.removeprefix("aten::").strip("_")] += x / found.total
    report(
        "sgr_products",
        "speed of SGR's products within a step against torch.bmm of the same shapes",
        Ratio.of(alone, within),
        "at least 0.85",
        batch=arguments.batch,
        share_products=round(found.products.total() / found.total, 3),
        **{f"share_{name}": round(x, 3) for name, x in shares.items() if x >= 0.01},
    )
    report(
        "sgr_bound",
        "speed of SGR's products alone against the loop over captions, which bounds a batch's",
        Ratio.of(loops, alone),
        "none",
        batch=arguments.batch,
    )


def profiled(batch: Callable[[], None]) -> Profile:
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as recorded:
        batch()
    found = Profile(Counter(), Counter(), Counter())
    for event in recorded.key_averages(group_by_input_shape=True):
        found.operators[event.key] += event.self_cpu_time_total / 1e6
        if event.key in _FACTORS:
            first, second = (tuple(event.input_shapes[i]) for i in _FACTORS[event.key])
            shapes = first, second
            found.products[shapes] += event.self_cpu_time_total / 1e6
            found.calls[shapes] += event.count
    return found


def products_alone(found: Profile) -> Iterator[float]:
    """Seconds of each product's calls, on factors that lie in memory as `torch.bmm` likes them."""
    for shapes, calls in found.calls.items():
        a, b = (torch.randn(shape if len(shape) == 3 else (1, *shape)) for shape in shapes)
        a.bmm(b)  # warms up
        yield sum(alternate(calls, bmm=partial(torch.bmm, a, b))["bmm"])


def rest(found: Profile) -> Sequence[tuple[str, float]]:
    """The operators beside the products that take most, with their seconds."""
    others = Counter({k: v for k, v in found.operators.items() if k not in _FACTORS})
    return others.most_common(_SHOWN)


def show(found: Profile) -> None:
    for (one, other), seconds in found.products.most_common(_SHOWN):
        calls = found.calls[one, other]
        print(f"{seconds / found.total:6.1%}  {calls:>4} x {one} @ {other}")
    for name, seconds in rest(found):
        print(f"{seconds / found.total:6.1%}  {name}")


if __name__ == "__main__":
    main()
