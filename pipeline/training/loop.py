"""The training loop: gradient clipping, early stopping on dev, and resuming from a checkpoint."""

from typing import Any

from torch.nn.utils import clip_grad_norm_
from tqdm import tqdm

from pipeline.training.checkpoint import Checkpoint
from pipeline.training.guard import FiniteGuard
from pipeline.training.task import Best, Figures, Log, Plan, Progress, Task


def fit(task: Task, log: Log, checkpoint: Checkpoint | None = None, progress: bool = True) -> Best:
    """Train until the score on dev stops rising; leaves the best weights in the task's model.

    Args:
        log: called with each epoch's number, from 1, and figures, also for a checkpoint's epochs.
        checkpoint: written after every epoch. A training that resumes from it ends with the same
            weights and figures as an uninterrupted one.

    Raises:
        UserError: the loss or its gradient is not finite, or the checkpoint cannot be written.
    """
    state = checkpoint.load(task) if checkpoint else Progress()
    for epoch, figures in enumerate(state.history, start=1):
        log(epoch, figures)
    done, total = (epochs * task.steps for epochs in (len(state.history), task.plan.epochs))
    bar: tqdm[Any] = tqdm(total=total, desc=task.plan.title, unit="batch", disable=not progress)
    with bar:
        bar.update(done)
        while not _is_over(task.plan, state):
            figures = _run_epoch(task, state, bar)
            if checkpoint:
                checkpoint.save(task, state)
            log(len(state.history), figures)
    task.model.load_state_dict(state.best.weights)
    task.model.eval()
    return state.best


def _is_over(plan: Plan, state: Progress) -> bool:
    done = len(state.history)
    return done >= plan.epochs or done - state.best.epoch >= plan.patience


def _run_epoch(task: Task, state: Progress, bar: "tqdm[Any]") -> Figures:
    epoch = len(state.history) + 1
    figures = _train_epoch(task, epoch, bar) | task.evaluate()
    score = figures[task.selected_by]
    state.best.update(epoch, score, task.model)
    state.history.append(figures)
    bar.set_postfix({"epoch": epoch, task.selected_by: f"{score:.4f}"})
    return figures


def _train_epoch(task: Task, epoch: int, bar: "tqdm[Any]") -> Figures:
    batches = task.batches(epoch)
    guard = FiniteGuard(task.ids, epoch, task.optimizer.param_groups[0]["lr"], task.plan.title)
    task.model.train()
    read = zip(batches, task.read(batches), strict=True)
    for step, (rows, inputs) in enumerate(read, start=1):
        task.optimizer.zero_grad()
        loss = task.backward(rows, inputs)
        norm = clip_grad_norm_(task.model.parameters(), task.plan.clip_norm)
        guard.record(step, rows, loss, norm)
        task.optimizer.step()
        bar.update()
    guard.check()
    return task.figures()
