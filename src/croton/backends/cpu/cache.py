"""Object code on disk, found by content."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """A file of the cache: when it was last used (to the hour, in seconds since 1970), its bytes, its path."""

    used: float
    size: int
    path: Path


class Cache:
    """Object code on disk, in a folder of the user's own.

    An entry is the digest of its bytes, then the bytes; what does not match its digest is removed. The least recently
    used entries go when the folder outgrows `max_bytes`.

    folder      is made at the first write, with access for the user alone; None: nothing is kept
    """

    def __init__(self, folder: str | Path | None, max_bytes: int = 256 << 20) -> None:
        self.folder = None if folder is None else Path(folder).expanduser() / "objects"
        self.max_bytes = max_bytes
        self.hits = 0
        self.misses = 0
        self._trusted = False

    def get(self, key: str) -> bytes | None:
        """The object code of that key, if it is there and whole."""
        data = self._read(self.folder / key) if self.folder is not None and self._is_trusted() else None
        if data is None:
            self.misses += 1
        else:
            self.hits += 1
        return data

    def _is_trusted(self) -> bool:
        """Whether nobody else can write to the folder: what is in it will run as this user."""
        if not self._trusted and self.folder is not None:
            self._trusted = _is_private(self.folder)
        return self._trusted

    def _read(self, path: Path) -> bytes | None:
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        digest, data = raw[:32], raw[32:]
        if hashlib.sha256(data).digest() != digest:
            _remove(path)
            return None
        _touch(path)
        return data

    def put(self, key: str, data: bytes) -> None:
        """Keep an entry; a folder that cannot be written to is not an error."""
        if self.folder is None:
            return
        temporary = self.folder / f".{os.getpid()}-{threading.get_ident()}-{key}"
        try:
            _make_private(self.folder)
            temporary.write_bytes(hashlib.sha256(data).digest() + data)
            os.replace(temporary, self.folder / key)
        except OSError:
            _remove(temporary)
            return
        # Keys are digests: one entry in 64 looks after the size of the folder.
        if int(key[:2], 16) % 64 == 0:
            self.trim()

    def trim(self) -> None:
        """Remove the least recently used entries beyond `max_bytes`, and leftovers of writes that were cut off."""
        kept = 0
        for used, size, path in sorted(self.entries(), reverse=True):
            kept += size
            abandoned = path.name.startswith(".") and used < time.time() - 3600
            if kept > self.max_bytes or abandoned:
                _remove(path)
                kept -= size

    def entries(self) -> Iterator[Entry]:
        """What is there, in no order."""
        if self.folder is None or not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            try:
                stat = path.stat()
            except OSError:
                continue
            yield Entry(stat.st_mtime, stat.st_size, path)

    def clear(self) -> int:
        """Remove all entries, and say how many there were. What processes have loaded stays with them."""
        entries = list(self.entries())
        for entry in entries:
            _remove(entry.path)
        return len(entries)


def _make_private(folder: Path) -> None:
    """Errors: PermissionError where the folder is another user's, whose code would run as ours."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stat = folder.stat()
    if hasattr(os, "getuid") and stat.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user.")
    if stat.st_mode & 0o077:
        folder.chmod(0o700)


def _is_private(folder: Path) -> bool:
    try:
        stat = folder.stat()
    except OSError:
        return False
    return not stat.st_mode & 0o022 and (not hasattr(os, "getuid") or stat.st_uid == os.getuid())


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        return


def _touch(path: Path) -> None:
    """Mark as used just now; once an hour is enough."""
    try:
        if path.stat().st_mtime < time.time() - 3600:
            os.utime(path)
    except OSError:
        return
