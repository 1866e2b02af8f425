"""`theano-cache`: the compiled code on disk, told and thrown away."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from croton.backends.cpu.cache import Cache
from croton.config import config

COMMANDS = {
    "info": "say where the compiled code lies, and how much there is (what is done without a command)",
    "list": "list the entries, those used last at the end",
    "clear": "remove all entries",
    "cleanup": "remove what has not been used for longest, beyond the largest size of the cache",
    "purge": "the same as clear",
    "basecompiledir": "print the folder that base_compiledir names",
}


def main(arguments: Sequence[str] | None = None, folder: str | Path | None = None) -> int:
    """Do what the command line says, with the cache of `folder` or of this process; its exit status."""
    listed = "\n".join(f"  {name:16}{text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="theano-cache",
        description="Tells of the compiled code that is kept on disk, or throws it away.",
        epilog=f"commands:\n{listed}\n\nThe folder is that of the flag base_compiledir (THEANO_FLAGS, .theanorc).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="info", choices=COMMANDS, metavar="command")
    command = parser.parse_args(arguments).command
    cache = Cache(folder or config.base_compiledir)
    if command == "basecompiledir":
        print(folder or config.base_compiledir)
    elif command in ("clear", "purge"):
        print(f"Removed {_count(cache.clear())}.")
    elif command == "cleanup":
        before = len(list(cache.entries()))
        cache.trim()
        print(f"Removed {_count(before - len(list(cache.entries())))}.")
    elif command == "list":
        _list(cache)
    else:
        _info(cache)
    return 0


def _list(cache: Cache) -> None:
    for used, size, path in sorted(cache.entries()):
        print(f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(used))}  {size:8}  {path.name}")


def _info(cache: Cache) -> None:
    entries = list(cache.entries())
    print(f"{cache.folder}")
    print(
        f"{_count(len(entries))}, {_bytes(sum(e.size for e in entries))} of at most {_bytes(cache.max_bytes)}"
    )


def _count(n: int) -> str:
    return f"{n} entr{'y' if n == 1 else 'ies'}"


def _bytes(n: int) -> str:
    return f"{n / 2**20:.1f} MB"
