"""python -m pipeline cache: list, verify and prune the cache of feature rows."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import timedelta

from tqdm import tqdm

from pipeline.encoders.rows.cache import cache_root
from pipeline.encoders.rows.cache_folders import CacheFolder, cache_folders, prunable
from pipeline.errors import UserError

_MOST_DAYS = 36_500


def add_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="action")
    actions.add_parser("list", help="show encoders, rows, sizes and last use (default)")
    actions.add_parser("verify", help="check every shard for damage")
    prune = actions.add_parser("prune", help="delete the rows that meet all given conditions")
    prune.add_argument("--encoder", metavar="NAME", help="rows of this encoder")
    prune.add_argument(
        "--older-than", metavar="DAYS", type=_days, help="rows not used for this long"
    )
    prune.add_argument(
        "--superseded",
        action="store_true",
        help="rows of encoders that were later used with another fingerprint",
    )
    prune.add_argument("--dry-run", action="store_true", help="only show what would be deleted")
    prune.add_argument("--yes", action="store_true", help="delete without asking")


def run(arguments: Namespace) -> None:
    folders = cache_folders(cache_root())
    if arguments.action == "verify":
        _verify(folders)
    elif arguments.action == "prune":
        _prune(folders, arguments)
    else:
        print(f"row cache: {cache_root()}")
        _list(folders)


def _list(folders: Sequence[CacheFolder]) -> None:
    width = max(len(name) for name in ("encoder", *(folder.encoder for folder in folders)))
    print(f"{'encoder':{width}}  {'fingerprint':16}  {'rows':>9}  {'size':>7}  last use")
    for folder in folders:
        print(
            f"{folder.encoder:{width}}  {folder.digest:16}  {folder.count_rows():9,}"
            f"  {_size(folder.bytes):>7}  {folder.last_use:%Y-%m-%d %H:%M}"
        )
    print(f"{len(folders)} in all, {_size(sum(folder.bytes for folder in folders))}")


def _verify(folders: Sequence[CacheFolder]) -> None:
    shards = [(folder, shard) for folder in folders for shard in folder.shards]
    bar = tqdm(shards, desc="verifying", unit="shard")
    damaged = [folder.path(shard) for folder, shard in bar if not folder.is_sound(shard)]
    for path in damaged:
        print(f"damaged: {path}")
    _list_set_aside(folders)
    if damaged:
        raise UserError(
            f"{len(damaged)} of {len(shards)} shards are damaged; the next extraction that needs"
            " them sets them aside and computes their rows again"
        )
    print(f"{len(shards)} shards are sound")


def _list_set_aside(folders: Sequence[CacheFolder]) -> None:
    for folder in folders:
        for shard in folder.set_aside():
            print(f"set aside earlier: {folder.path(shard)}")


def _prune(folders: Sequence[CacheFolder], arguments: Namespace) -> None:
    conditions = arguments.encoder, arguments.older_than, arguments.superseded
    if conditions == (None, None, False):
        raise UserError("say what to prune: --encoder NAME, --older-than DAYS or --superseded")
    chosen = prunable(folders, *conditions)
    _list(chosen)
    if not chosen or arguments.dry_run:
        return
    if not (arguments.yes or _agreed()):
        print("nothing was deleted")
        return
    for folder in chosen:
        folder.remove()
    print("deleted")


def _agreed() -> bool:
    try:
        return input("Delete them? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        raise UserError("no terminal to ask on; add --yes to delete without asking") from None


def _days(text: str) -> timedelta:
    days = int(text)
    if not 0 <= days <= _MOST_DAYS:
        raise ArgumentTypeError(f"{days} days; allowed: 0 to {_MOST_DAYS}")
    return timedelta(days=days)


def _size(count: int) -> str:
    return f"{tqdm.format_sizeof(count, divisor=1000)}B"
