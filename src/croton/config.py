"""`theano.config`: every flag, what it does here, and its default.

Values come from THEANO_FLAGS, then from the files that THEANORC names (or ~/.theanorc), then from the tables
below.
"""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from croton import __version__
from croton.errors import UnknownFlagError
from croton.util.flags import (
    BoolParam,
    ConfigParam,
    EnumStr,
    FloatParam,
    IntParam,
    Section,
    Sources,
    StrParam,
)
from croton.util.machine import architecture, local_bitwidth, python_int_bitwidth

P = ParamSpec("P")
R = TypeVar("R")
Row = tuple[str, ConfigParam, str]

_MODES = (
    "Mode",
    "DebugMode",
    "FAST_RUN",
    "NanGuardMode",
    "FAST_COMPILE",
    "DEBUG_MODE",
    "JAX",
    "NUMPY",
    "CPU",
    "compare",
)
_COMPLAINTS = ("off", "ignore", "warn", "raise", "pdb")
_NUMPY_CASES = ("ignore", "warn", "raise", "call", "print", "log")
_VERSIONS = (
    "0.9", "None", "all", "0.3", "0.4", "0.4.1", "0.5", "0.6", "0.7", "0.8", "0.8.1", "0.8.2", "0.9", "0.10",
    "1.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4", "1.0.5",
)  # fmt: skip
_CONV_CHOSEN_AT_RUN_TIME = ("guess_once", "guess_on_shape_change", "time_once", "time_on_shape_change")


# -- values that need a check of their own -------------------------------------------------------------------
def _mode(value: Any) -> Any:
    if (isinstance(value, str) and value in _MODES) or hasattr(value, "provided_linker"):
        return value
    raise ValueError(f"Valid options are {_MODES} and Mode objects")


def _device(value: Any) -> str:
    text = str(value)
    if text == "cpu":
        return text
    if text.startswith(("cuda", "opencl")):
        warnings.warn(
            f"device={text} has no effect: programs are compiled for the CPU; for others see the flag 'backend'.",
            stacklevel=2,
        )
        return text
    raise ValueError("Valid options are 'cpu' and, without effect, names that start with 'cuda' or 'opencl'")


def _init_device(value: Any) -> str:
    return "" if value == "" else _device(value)


def _folder(value: Any) -> str:
    return os.path.expanduser(str(value))


def _lazy(value: Any) -> bool | None:
    if str(value) in ("None", ""):
        return None
    found = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if found is None:
        raise ValueError("Valid options are True, False and None")
    return found


def _seed(text: str) -> bool:
    return text == "random" or text.lstrip("-").isdigit()


def _default_folder() -> str:
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache"), "croton")


# -- flags that mean something -------------------------------------------------------------------------------
def _switch(default: bool) -> ConfigParam:
    return BoolParam(default)


def _count(default: int, least: int = 0) -> ConfigParam:
    return IntParam(default, lambda n: n >= least)


FLAGS: tuple[Row, ...] = (
    # The language
    ("floatX", EnumStr("float64", "float32", "float16"),
     "The type of T.matrix() and its kin, and of floats that need one."),
    ("cast_policy", EnumStr("custom", "numpy+floatX"),
     "How types of different width are brought together, and how Python numbers are typed."),
    ("int_division", EnumStr("int", "raise", "floatX"),
     "What the historic division of integers gives: an integer, an error, or floatX."),
    ("warn_float64", EnumStr("ignore", "warn", "raise", "pdb"),
     "What to do when a float64 variable is made."),
    ("compute_test_value", EnumStr(*_COMPLAINTS),
     "Whether graphs are evaluated on test values while built, and what to do without one."),
    ("compute_test_value_opt", EnumStr(*_COMPLAINTS), "As compute_test_value, for what rewrites make."),
    ("print_test_value", _switch(False), "Whether a variable's text shows its test value."),
    ("pickle_test_value", _switch(True), "Whether a pickled variable keeps its test value."),
    ("on_unused_input", EnumStr("raise", "warn", "ignore"),
     "What to do with an input that a function's outputs do not need."),
    ("exception_verbosity", EnumStr("low", "high"),
     "How much an error at run time tells of values and inputs."),
    ("traceback.limit", _count(8, -1), "How many of the user's frames a node remembers."),
    ("traceback.compile_limit", _count(0, -1),
     "How many frames a node remembers that was made while compiling."),
    # How functions are compiled and run
    ("mode", ConfigParam("Mode", _mode), "The mode of functions that name none."),
    ("backend", EnumStr("cpu", "numpy", "jax"),
     "What runs functions: native code, NumPy step by step, or JAX."),
    ("threads", _count(0),
     "How many threads a function may use; 0: as many as the process has processors."),
    ("blas.provider", EnumStr("scipy", "openblas", "mkl", allow_override=False),
     "Where products of matrices come from: SciPy's BLAS, or the library of the package scipy-openblas32 or mkl."),
    ("linker", EnumStr("cvm", "c|py", "py", "c", "c|py_nogc", "vm", "vm_nogc", "cvm_nogc", "numpy",
         "cpu", "jax"),
     "The historic choice of backend: `py` is NumPy, names of backends are those, others what `backend` says."),
    ("allow_gc", _switch(True), "Whether values between steps are let go as soon as nothing needs them."),
    ("optimizer", EnumStr("o4", "o3", "o2", "o1", "unsafe", "fast_run", "fast_compile", "merge", "None"),
     "Which rewrites are made."),
    ("optimizer_excluding", StrParam(""), "Rules or tags, joined by colons, that are left out."),
    ("optimizer_including", StrParam(""), "Rules or tags, joined by colons, that take part too."),
    ("optimizer_requiring", StrParam(""), "Tags, joined by colons, that rules must have."),
    ("optimizer_verbose", _switch(False), "Whether each rewrite is printed."),
    ("on_opt_error", EnumStr("warn", "raise", "pdb", "ignore"), "What to do when a rewrite rule raises."),
    ("on_shape_error", EnumStr("warn", "raise"), "What to do when a shape rule raises."),
    ("unpickle_function", _switch(True),
     "Whether functions are compiled again when unpickled (else None takes their place)."),
    ("reoptimize_unpickled_function", _switch(False),
     "Whether rewrites are made again when a function is unpickled."),
    ("scan.allow_gc", _switch(False), "As allow_gc, within the steps of a scan."),
    ("scan.allow_output_prealloc", _switch(True),
     "Whether steps of a scan write in place of their outputs."),
    ("scan.debug", _switch(False), "Whether scan reports what it does."),
    ("conv.assert_shape", _switch(False), "Whether convolutions check the shapes that they were promised."),
    # Where compiled code is kept
    ("base_compiledir", ConfigParam(_default_folder, _folder, False),
     "The folder that holds compiled code."),
    ("compiledir_format",
         StrParam("compiledir_%(short_platform)s-%(processor)s-%(python_version)s-%(python_bitwidth)s", None, False),
     "The name of this machine's folder within it."),
    ("dump", StrParam(""), "A folder that gets every stage of every compilation, as text; empty: none."),
    # What is watched
    ("profile", _switch(False), "Whether functions measure themselves and report when the program ends."),
    ("profile_optimizer", _switch(False), "Whether the profile shows rewrites too."),
    ("profile_memory", _switch(False), "Whether the profile shows memory too."),
    ("profiling.time_thunks", _switch(True), "Whether the profile shows single nodes."),
    ("profiling.n_apply", _count(20), "How many nodes the profile lists."),
    ("profiling.n_ops", _count(20), "How many operations the profile lists."),
    ("profiling.output_line_width", _count(512), "The width of the profile's lines."),
    ("profiling.min_memory_size", _count(1024),
     "Values smaller than this many bytes are left out of the memory profile."),
    ("profiling.min_peak_memory", _switch(False),
     "Whether the profile computes the least peak of memory over all orders."),
    ("profiling.destination", StrParam("stderr"), "Where the profile goes: stderr, stdout or a file."),
    ("profiling.debugprint", _switch(False), "Whether the profile prints the graph."),
    ("profiling.ignore_first_call", _switch(False),
     "Whether the first call, which warms caches, is left out."),
    ("NanGuardMode.nan_is_error", _switch(True), "Whether NanGuardMode reports nan."),
    ("NanGuardMode.inf_is_error", _switch(True), "Whether NanGuardMode reports infinities."),
    ("NanGuardMode.big_is_error", _switch(True), "Whether NanGuardMode reports magnitudes beyond 1e10."),
    ("NanGuardMode.action", EnumStr("raise", "warn", "pdb"), "What NanGuardMode does with what it finds."),
    ("DebugMode.patience", _count(10, 1), "How often DebugMode compiles anew to catch what varies."),
    ("DebugMode.check_c", _switch(True), "Whether DebugMode checks native code."),
    ("DebugMode.check_py", _switch(True), "Whether DebugMode checks the reference evaluation."),
    ("DebugMode.check_finite", _switch(True), "Whether DebugMode reports nan and infinities."),
    ("DebugMode.check_strides", IntParam(0, lambda n: n in (0, 1, 2)),
     "Whether DebugMode compares strides: 0 no, 1 warn, 2 raise."),
    ("DebugMode.warn_input_not_reused", _switch(True),
     "Whether DebugMode tells of memory that could have been used again."),
    ("DebugMode.check_preallocated_output", StrParam(""),
     "Which prepared outputs DebugMode tries, joined by colons."),
    ("DebugMode.check_preallocated_output_ndim", _count(4),
     "Up to how many dimensions it varies their strides."),
    ("unittests.rseed", StrParam("666", _seed),
     "The seed of tests that use random numbers: an integer or 'random'."),
)  # fmt: skip

# -- flags that are accepted and have no effect --------------------------------------------------------------
_NO_GPU = "it is about a GPU library that is not used; see `backend`"
_NO_CXX = "no C++ compiler is called: native code comes from LLVM"
_NO_OLD = "it is about a fault or a change of old versions that this one never had"
_ALWAYS = "the backend decides this for each program"
_NUMPY = "native code does not use NumPy's error state; set np.seterr yourself for the NumPy backend"
_BLAS = "BLAS comes with SciPy"

_fixed: Callable[[Any], ConfigParam] = lambda default: StrParam(default, None, False)  # noqa: E731

IDLE: Mapping[str, tuple[tuple[str, ConfigParam], ...]] = {
    _NO_GPU: (
        ("device", ConfigParam("cpu", _device, False)),
        ("init_gpu_device", ConfigParam("", _init_device, False)),
        ("force_device", BoolParam(False, None, False)),
        ("contexts", _fixed("")),
        ("print_active_device", BoolParam(True, None, False)),
        ("deterministic", EnumStr("default", "more")),
        ("assert_no_cpu_op", EnumStr("ignore", "warn", "raise", "pdb")),
        ("gpuarray.sync", BoolParam(False, None, False)),
        ("gpuarray.preallocate", FloatParam(0, None, False)),
        ("gpuarray.sched", EnumStr("default", "multi", "single")),
        ("gpuarray.single_stream", BoolParam(True)),
        ("gpuarray.cache_path", _fixed("")),
        ("cuda.root", StrParam("")),
        ("cuda.include_path", StrParam("")),
        ("dnn.conv.workmem", _fixed("")),
        ("dnn.conv.workmem_bwd", _fixed("")),
        ("dnn.conv.algo_bwd", _fixed("")),
        ("dnn.conv.algo_fwd", EnumStr("small", "none", "large", "fft", "fft_tiling", "winograd",
            "winograd_non_fused", *_CONV_CHOSEN_AT_RUN_TIME)),
        ("dnn.conv.algo_bwd_data", EnumStr("none", "deterministic", "fft", "fft_tiling", "winograd",
            "winograd_non_fused", *_CONV_CHOSEN_AT_RUN_TIME)),
        ("dnn.conv.algo_bwd_filter", EnumStr("none", "deterministic", "fft", "small",
            "winograd_non_fused", "fft_tiling", *_CONV_CHOSEN_AT_RUN_TIME)),
        ("dnn.conv.precision", EnumStr("as_input_f32", "as_input", "float16", "float32", "float64")),
        ("dnn.base_path", StrParam("")),
        ("dnn.include_path", StrParam("")),
        ("dnn.library_path", StrParam("")),
        ("dnn.bin_path", StrParam("")),
        ("dnn.enabled", EnumStr("auto", "True", "False", "no_check")),
        ("magma.include_path", StrParam("")),
        ("magma.library_path", StrParam("")),
        ("magma.enabled", BoolParam(False)),
        ("ctc.root", _fixed("")),
        ("gpu.local_elemwise_fusion", BoolParam(True)),
        ("gpuelemwise.sync", BoolParam(True)),
        ("experimental.unpickle_gpu_on_cpu", BoolParam(False)),
    ),
    _NO_CXX: (
        ("cxx", StrParam("")),
        ("nocleanup", BoolParam(False)),
        ("lib.amdlibm", BoolParam(False)),
        ("gcc.cxxflags", StrParam("")),
        ("cmodule.warn_no_version", BoolParam(False)),
        ("cmodule.remove_gxx_opt", BoolParam(False)),
        ("cmodule.compilation_warning", BoolParam(False)),
        ("cmodule.preload_cache", BoolParam(False, None, False)),
        ("cmodule.age_thresh_use", IntParam(60 * 60 * 24 * 24, None, False)),
        ("cmodule.debug", BoolParam(False)),
        ("compile.wait", IntParam(5, lambda n: n > 0, False)),
        ("compile.timeout", IntParam(120, lambda n: n >= 0, False)),
    ),
    _BLAS: (
        ("blas.ldflags", StrParam("")),
        ("blas.check_openmp", BoolParam(True)),
    ),
    _NUMPY: (
        ("numpy.seterr_all", EnumStr(*_NUMPY_CASES, "None", allow_override=False)),
        ("numpy.seterr_divide", EnumStr("None", *_NUMPY_CASES, allow_override=False)),
        ("numpy.seterr_over", EnumStr("None", *_NUMPY_CASES, allow_override=False)),
        ("numpy.seterr_under", EnumStr("None", *_NUMPY_CASES, allow_override=False)),
        ("numpy.seterr_invalid", EnumStr("None", *_NUMPY_CASES, allow_override=False)),
    ),
    _ALWAYS: (
        ("print_global_stats", BoolParam(False)),
        ("tensor.cmp_sloppy", IntParam(0, lambda n: n in (0, 1, 2), False)),
        ("tensor.local_elemwise_fusion", BoolParam(True)),
        ("tensor.insert_inplace_optimizer_validate_nb", IntParam(-1)),
        ("openmp", BoolParam(False)),
        ("openmp_elemwise_minsize", IntParam(200_000)),
        ("check_input", BoolParam(True)),
        ("cache_optimizations", BoolParam(False)),
        ("optdb.position_cutoff", FloatParam(float("inf"))),
        ("optdb.max_use_ratio", FloatParam(8)),
        ("metaopt.verbose", IntParam(0)),
        ("metaopt.optimizer_excluding", StrParam("")),
        ("metaopt.optimizer_including", StrParam("")),
        ("vm.lazy", ConfigParam(None, _lazy)),
        ("experimental.local_alloc_elemwise", BoolParam(True)),
        ("experimental.local_alloc_elemwise_assert", BoolParam(True)),
        ("cycle_detection", EnumStr("regular", "fast")),
        ("check_stack_trace", EnumStr("off", "log", "warn", "raise")),
    ),
    _NO_OLD: (
        ("warn.ignore_bug_before", EnumStr(*_VERSIONS, allow_override=False)),
        *((f"warn.{name}", BoolParam(name == "inc_subtensor1_opt")) for name in (
            "argmax_pushdown_bug", "gpusum_01_011_0111_bug", "sum_sum_bug", "sum_div_dimshuffle_bug",
            "subtensor_merge_bug", "gpu_set_subtensor1", "vm_gc_bug", "signal_conv2d_interface", "reduce_join",
            "inc_set_subtensor1", "round", "inc_subtensor1_opt", "identify_1pexp_bug",
        )),
    ),
}  # fmt: skip


# -- the object ----------------------------------------------------------------------------------------------
class TheanoConfigParser(Section):
    """All flags, as attributes: `config.floatX`, `config.profiling.n_ops`."""

    def change_flags(self, args: Any = (), **kwargs: Any) -> change_flags:
        """As `change_flags`, on this object."""
        return change_flags(args, _root=self, **kwargs)

    def __str__(self) -> str:
        return "\n".join(
            f"{param.fullname} ({param.expected()})\n    Doc:  {param.doc}\n    Value:  {_get(self, param.fullname)}\n"
            for param in self._walk()
        )


def _get(root: Section, name: str) -> Any:
    found: Any = root
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _set(root: Section, name: str, value: Any) -> None:
    section, _, last = name.rpartition(".")
    setattr(_get(root, section) if section else root, last, value)


def _declare(root: Section, sources: Sources, name: str, param: ConfigParam, doc: str) -> None:
    section, (*outer, last) = root, name.split(".")
    for part in outer:
        section = section._section(part)
    param.fullname, param.doc = name, doc
    try:
        value = param.accept(sources.fetch(name, delete_key=True))
    except KeyError:
        value = param.initial()
    section._add(last, param, value)


def _compiledir(format: str, base: str) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    words = {
        "platform": sys.platform, "short_platform": sys.platform, "processor": architecture(),
        "python_version": version, "python_bitwidth": local_bitwidth(), "python_int_bitwidth": python_int_bitwidth(),
        "theano_version": __version__, "gxx_version": "", "hostname": getattr(os, "uname", lambda: ("", ""))()[1],
    }  # fmt: skip
    return os.path.join(base, format % words)


def load(environ: Mapping[str, str]) -> tuple[TheanoConfigParser, Sources]:
    """All flags with the values that `environ` and the files it names give them.

    Errors: FlagError for a value that is not admitted; a warning for flags in THEANO_FLAGS that there are not
    """
    root, sources = TheanoConfigParser(), Sources(environ)
    for name, param, doc in FLAGS:
        _declare(root, sources, name, param, doc)
    for reason, rows in IDLE.items():
        for name, param in rows:
            _declare(root, sources, name, param, f"No effect: {reason}.")
    made = ConfigParam(lambda: _compiledir(root.compiledir_format, root.base_compiledir), _folder, False)
    _declare(root, sources, "compiledir", made, "This machine's folder of compiled code.")
    for name in sources.flags:
        warnings.warn(f"Theano does not recognise this flag: {name}", stacklevel=2)
    return root, sources


config, _sources = load(os.environ)
THEANO_FLAGS, THEANO_FLAGS_DICT, config_files = _sources.text, _sources.flags, _sources.files


# -- the historic functions ----------------------------------------------------------------------------------
def AddConfigVar(
    name: str, doc: str, configparam: ConfigParam, root: Section = config, in_c_key: bool = True
) -> None:
    """Declare a further flag, whose value is read from the same sources.

    Errors: AttributeError when there is one of that name; FlagError for a value that is not admitted
    """
    configparam.in_c_key = in_c_key
    _declare(root, _sources, name, configparam, doc)


def fetch_val_for_key(key: str, delete_key: bool = False) -> str:
    """What the user's settings say of `key`.

    Errors: KeyError where they say nothing
    """
    return _sources.fetch(key, delete_key)


def config_files_from_theanorc() -> list[str]:
    """The settings files, later ones counting more."""
    return list(_sources.files)


def get_config_hash() -> str:
    """A text that differs where flags differ that compiled code may depend on."""
    values = sorted((p.fullname, str(_get(config, p.fullname))) for p in config._walk() if p.in_c_key)
    return "m" + hashlib.sha256(repr(values).encode()).hexdigest()


class change_flags:
    """Other values of flags within a `with` block or a decorated function.

    Flags are named as keywords (`floatX="float32"`, `blas__ldflags=""`) or by a dict (`{"blas.ldflags": ""}`).

    Errors: UnknownFlagError, FlagError, FixedFlagError; then no flag has changed

    Example:
        >>> with change_flags(floatX="float32"):
        ...     config.floatX
        'float32'
    """

    def __init__(self, args: Any = (), _root: Section | None = None, **kwargs: Any) -> None:
        self.root = config if _root is None else _root
        given = dict(args) | {name.replace("__", "."): value for name, value in kwargs.items()}
        known = {param.fullname for param in self.root._walk()}
        for name in given.keys() - known:
            raise UnknownFlagError(f"There is no flag {name}. print(theano.config) lists them all.")
        self.confs = given
        self._open: list[Any] = []

    @contextmanager
    def _changed(self) -> Iterator[None]:
        before: dict[str, Any] = {}
        try:
            for name, value in self.confs.items():
                old = _get(self.root, name)
                _set(self.root, name, value)
                before[name] = old
            yield
        finally:
            for name, value in before.items():
                _set(self.root, name, value)

    def __enter__(self) -> None:
        block = self._changed()
        block.__enter__()
        self._open.append(block)

    def __exit__(self, *error: Any) -> None:
        self._open.pop().__exit__(*error)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def changed(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._changed():
                return function(*args, **kwargs)

        return changed
