from collections.abc import Callable as Function
from collections.abc import Iterable, Sequence
from typing import Any

ABI: dict[str, Any]

class Cell:
    """The storage slot of a shared variable."""

    value: Any
    def __init__(self, value: Any = None) -> None: ...

class Program:
    """Native code with the tables that it runs on (runtime/abi.md, section 5)."""

    @property
    def constants(self) -> tuple[Any, ...]: ...
    @property
    def cells(self) -> tuple[Cell, ...]: ...
    @property
    def on_error(self) -> Any: ...
    @property
    def keep(self) -> Any: ...
    def __init__(
        self,
        entry: int,
        *,
        kernels: Iterable[int | Function[[], int]] = (),
        inputs: Iterable[tuple[str, Sequence[int | None] | type | None, int]] = (),
        constants: Iterable[Any] = (),
        cells: Iterable[tuple[Cell, str, int]] = (),
        outputs: int = 0,
        locals: int = 0,
        updates: Iterable[tuple[int, int]] = (),
        returns: int | Sequence[int] | None = None,
        callbacks: Iterable[
            tuple[
                Function[[list[Any]], Sequence[Any]], tuple[int, ...], tuple[tuple[int, str, int], ...], int
            ]
        ] = (),
        on_error: Function[[int, int, tuple[int, ...], tuple[Any, ...]], BaseException] | None = None,
        keep: Any = None,
    ) -> None: ...

class Callable:
    """A compiled function; subclasses define _call_slow(args, kwargs), and no __call__."""

    trust_input: bool
    _names: tuple[str | None, ...] | None
    @property
    def program(self) -> Program: ...
    def __init__(self, program: Program) -> None: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def _run(self, values: Sequence[Any], /) -> Any: ...

def set_num_threads(n: int, /) -> None: ...
def get_num_threads() -> int: ...
def set_blas(pointers: dict[str, int], best: bool = False, /) -> None: ...
def set_lapack(pointers: dict[str, int], /) -> None: ...
