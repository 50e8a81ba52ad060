"""Copies to a GPU and back beside its computations; on a CPU, nothing moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Moved:
    """A tensor and what tells that it has arrived; none on a CPU."""

    tensor: Tensor
    arrived: torch.cuda.Event | None = None


class Transfers:
    """Copies between the host and one device.

    `send` may run in another thread than computations do: on a GPU its copies have a stream of
    their own. `fetch` starts a copy behind the computations so far, and `wait`, in any thread, is
    the only one that blocks.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._on_gpu = device, device.type == "cuda"
        self._copies = torch.cuda.Stream(device) if self._on_gpu else None  # type: ignore[no-untyped-call]

    def __reduce__(self) -> tuple[Any, ...]:
        return Transfers, (self._device,)  # streams belong to a process

    def send(self, rows: Sequence[Tensor]) -> Moved:
        """Stack tensors of the host, (B, ...), and start their copy."""
        if not self._on_gpu:
            return Moved(torch.stack(list(rows)))
        pinned = torch.empty((len(rows), *rows[0].shape), dtype=rows[0].dtype, pin_memory=True)
        torch.stack(list(rows), out=pinned)
        with torch.cuda.stream(self._copies):
            tensor = pinned.to(self._device, non_blocking=True)
            return Moved(tensor, self._record())

    def take(self, moved: Moved) -> Tensor:
        """A sent tensor, for the computations of this thread, which wait for it on the GPU."""
        if moved.arrived is not None:
            stream = torch.cuda.current_stream(self._device)
            stream.wait_event(moved.arrived)
            moved.tensor.record_stream(stream)  # its memory is that of the other stream
        return moved.tensor

    def fetch(self, tensor: Tensor) -> Moved:
        """Start the copy of a result to the host."""
        if not self._on_gpu:
            return Moved(tensor)
        pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        with torch.cuda.device(self._device):
            pinned.copy_(tensor, non_blocking=True)
            return Moved(pinned, self._record())

    def wait(self, moved: Moved) -> Tensor:
        """A fetched result, once it is there."""
        if moved.arrived is not None:
            moved.arrived.synchronize()
        return moved.tensor

    def _record(self) -> torch.cuda.Event:
        """An event behind all that the current stream has to do."""
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        return event
