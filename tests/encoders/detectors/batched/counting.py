"""Counts what a GPU would be asked to do, on a CPU: operations, looks of the host, FLOPs."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

# They give the same memory another shape, so no kernel runs.
_VIEWS = {
    "alias", "as_strided", "detach", "expand", "lift_fresh", "permute", "select", "slice", "split",
    "split_with_sizes", "squeeze", "t", "transpose", "unbind", "unflatten", "unsqueeze", "view",
    "_unsafe_view",
}  # fmt: skip
# The host cannot go on before it knows their result, or the number of its rows.
_WAITS = {
    "_local_scalar_dense", "equal", "is_nonzero", "item", "masked_select", "nms", "nonzero",
    "repeat_interleave", "unique", "_unique2",
}  # fmt: skip


class Counted(TorchDispatchMode):
    """operations: kernels by name. waits: those that the host waits for. flops: by precision."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()
        self.flops: Counter[torch.dtype] = Counter()

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = function._schema.name.partition("::")[2]
        if name not in _VIEWS:
            self.operations[name] += 1
        if name in _WAITS or _reads_a_mask(name, args):
            self.waits[name] += 1
        with FlopCounterMode(display=False) as counter:
            result = function(*args, **(kwargs or {}))
        if flops := counter.get_total_flops():
            self.flops[result.dtype] += flops
        return result


def _reads_a_mask(name: str, args: tuple[Any, ...]) -> bool:
    """Indexing by a mask gives as many rows as are true."""
    if name not in ("index", "index_put_", "index_put"):
        return False
    return any(index is not None and index.dtype == torch.bool for index in args[1])


@contextmanager
def counted() -> Iterator[Counted]:
    """Without the inference mode, in which functions count that only call others."""
    with torch.no_grad(), Counted() as counter:
        yield counter
