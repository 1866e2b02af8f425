"""Programs and their values in files: `theano.misc.pkl_utils` and `theano.function_dump`."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from croton.compile.shared import SharedVariable
from croton.graph.node import scratchpad

if TYPE_CHECKING:
    import zipfile

PROTOCOL = 4


class StripPickler(pickle.Pickler):
    """A pickler that leaves out what tags hold for humans alone: traces, and the notes named `extra_tag_to_remove`."""

    def __init__(
        self, file: BinaryIO, protocol: int = 0, extra_tag_to_remove: str | Sequence[str] | None = None
    ) -> None:
        super().__init__(file, protocol)
        more = [extra_tag_to_remove] if isinstance(extra_tag_to_remove, str) else (extra_tag_to_remove or ())
        self.tag_to_remove = ["trace", "test_value", *more]

    def reducer_override(self, obj: Any) -> Any:
        """How a tag is put away: without those notes."""
        if not isinstance(obj, scratchpad):
            return NotImplemented
        kept = {name: note for name, note in vars(obj).items() if name not in self.tag_to_remove}
        return scratchpad, (), kept


class CompatUnpickler(pickle.Unpickler):
    """An unpickler; files of Python 2 need `encoding='latin1'`."""


class _Names:
    """The names of arrays in an archive: that of the shared variable which holds one, else a number."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.taken: set[str] = set()

    def of_shared(self, variable: SharedVariable) -> None:
        """Let the value of `variable` be called as it is."""
        value = variable.container.value
        if variable.name and isinstance(value, np.ndarray) and id(value) not in self.names:
            self.names[id(value)] = self.free(variable.name)

    def free(self, name: str) -> str:
        """`name`, with a number where it is taken."""
        found, n = name, 2
        while found in self.taken:
            found, n = f"{name}_{n}", n + 1
        self.taken.add(found)
        return found


class _ZipPickler(pickle.Pickler):
    """Writes arrays as files of their own."""

    def __init__(self, archive: zipfile.ZipFile, file: BinaryIO, protocol: int) -> None:
        super().__init__(file, protocol)
        self.archive = archive
        self.names = _Names()
        self.written: dict[int, str] = {}

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, SharedVariable):
            self.names.of_shared(obj)
        if type(obj) is not np.ndarray or obj.dtype == object:
            return None
        if id(obj) not in self.written:
            name = self.names.names.get(id(obj)) or self.names.free(f"array_{len(self.written)}")
            content = io.BytesIO()
            np.lib.format.write_array(content, obj, allow_pickle=False)
            self.archive.writestr(name, content.getvalue())
            self.written[id(obj)] = name
        return f"ndarray.{self.written[id(obj)]}"


class _ZipUnpickler(pickle.Unpickler):
    """Reads them back."""

    def __init__(self, archive: zipfile.ZipFile, file: Any) -> None:
        super().__init__(file)
        self.archive = archive
        self.read: dict[str, np.ndarray] = {}

    def persistent_load(self, pid: Any) -> Any:
        name = str(pid).removeprefix("ndarray.")
        if name not in self.read:
            content = io.BytesIO(self.archive.read(name))
            self.read[name] = np.lib.format.read_array(content, allow_pickle=False)
        return self.read[name]


def dump(obj: Any, file_handler: BinaryIO, protocol: int = PROTOCOL, persistent_id: Any = None) -> None:
    """Write `obj` as a zip archive of its pickle and a NumPy file for each array, under the names of the shared
    variables that hold them: what is learnt can be read with `numpy.load`, without this library.

    `persistent_id` is taken for the sake of old programs; it changes nothing.
    """
    import zipfile

    with zipfile.ZipFile(file_handler, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        content = io.BytesIO()
        _ZipPickler(archive, content, protocol).dump(obj)
        archive.writestr("pkl", content.getvalue())


def load(f: BinaryIO, persistent_load: Any = None) -> Any:
    """What `dump` wrote."""
    import zipfile

    with zipfile.ZipFile(f, "r") as archive:
        return _ZipUnpickler(archive, io.BytesIO(archive.read("pkl"))).load()


def function_dump(
    filename: str, inputs: Any, outputs: Any = None, mode: Any = None, updates: Any = None, givens: Any = None,
    no_default_updates: Any = False, accept_inplace: bool = False, name: str | None = None, rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None, profile: Any = None, on_unused_input: str | None = None,
    extra_tag_to_remove: Any = None,
) -> None:  # fmt: skip
    """Write the arguments of a call of `theano.function` to a file: `theano.function(**pickle.load(file))` makes it.

    For reports of what goes wrong in a compile.
    """
    said = {
        "inputs": inputs, "outputs": outputs, "mode": mode, "updates": updates, "givens": givens,
        "no_default_updates": no_default_updates, "accept_inplace": accept_inplace, "name": name,
        "rebuild_strict": rebuild_strict, "allow_input_downcast": allow_input_downcast, "profile": profile,
        "on_unused_input": on_unused_input,
    }  # fmt: skip
    with open(filename, "wb") as file:
        StripPickler(file, PROTOCOL, extra_tag_to_remove).dump(said)
