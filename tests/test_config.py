"""Flags: types and checks, the sources they are read from, and temporary changes."""

import pickle
import subprocess
import sys

import pytest

from croton.config import (
    AddConfigVar,
    TheanoConfigParser,
    change_flags,
    config,
    fetch_val_for_key,
    get_config_hash,
    load,
)
from croton.errors import FixedFlagError, FlagError, TheanoConfigWarning, UnknownFlagError
from croton.util.flags import (
    BoolParam,
    ConfigParam,
    EnumStr,
    FloatParam,
    IntParam,
    StrParam,
    TypedParam,
    parse_config_string,
)


def fresh(flags: str = "", **environ: str) -> TheanoConfigParser:
    """A configuration of its own, from these flags and no file."""
    return load({"THEANO_FLAGS": flags, "THEANORC": "", **environ})[0]


# -- values --------------------------------------------------------------------------------------------------
def test_defaults():
    c = fresh()
    assert (c.floatX, c.cast_policy, c.mode, c.linker, c.optimizer) == (
        "float64",
        "custom",
        "Mode",
        "cvm",
        "o4",
    )
    assert (c.backend, c.threads, c.dump) == ("cpu", 0, "")
    assert (c.on_unused_input, c.compute_test_value, c.exception_verbosity) == ("raise", "off", "low")
    assert c.vm.lazy is None and c.optdb.position_cutoff == float("inf") and c.unittests.rseed == "666"
    assert c.dnn.conv.algo_fwd == "small" and c.gcc.cxxflags == "" and c.warn.inc_subtensor1_opt is True


def test_every_flag_is_described():
    for param in config._walk():
        assert param.doc and param.expected()


def test_reading_is_a_plain_attribute():
    assert config.__dict__["floatX"] is config.floatX


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("floatX", "float33"),
        ("floatX", 3),
        ("allow_gc", "maybe"),
        ("allow_gc", None),
        ("print_test_value", "off"),
        ("profiling.n_ops", "many"),
        ("profiling.n_ops", 1.5),
        ("profiling.n_ops", -1),
        ("compute_test_value", False),
        ("threads", -1),
        ("threads", None),
        ("mode", "FASTER"),
        ("vm.lazy", "perhaps"),
        ("optdb.max_use_ratio", "nan"),
        ("unittests.rseed", "x"),
    ],
)
def test_a_wrong_value_names_the_flag_and_what_came(name, value):
    c = fresh()
    with pytest.raises(ValueError, match=r"Invalid value") as caught, c.change_flags({name: value}):
        raise AssertionError("the block must not run")
    assert isinstance(caught.value, FlagError)
    assert name in str(caught.value) and repr(value) in str(caught.value)


def test_a_wrong_choice_names_the_choices():
    with pytest.raises(ValueError, match=r"'float64', 'float32', 'float16'"):
        fresh().floatX = "float8"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("True", True),
        ("true", True),
        ("1", True),
        (1, True),
        ("False", False),
        ("0", False),
        (0, False),
        (False, False),
    ],
)
def test_truth_values(given, kept):
    c = fresh()
    c.profile = given
    assert c.profile is kept


def test_numbers_from_texts():
    c = fresh()
    c.profiling.n_ops = "7"
    c.optdb.max_use_ratio = 2
    assert c.profiling.n_ops == 7
    assert c.optdb.max_use_ratio == 2.0 and isinstance(c.optdb.max_use_ratio, float)


@pytest.mark.parametrize(("given", "kept"), [(None, None), ("None", None), ("True", True), (False, False)])
def test_vm_lazy(given, kept):
    c = fresh()
    c.vm.lazy = given
    assert c.vm.lazy is kept


def test_a_mode_object_is_a_mode():
    class Mode:
        provided_linker = "py"

    c = fresh()
    c.mode = mode = Mode()
    assert c.mode is mode


def test_unknown_flags():
    c = fresh()
    with pytest.raises(AttributeError, match="There is no flag nosuch"):
        _ = c.nosuch
    with pytest.raises(UnknownFlagError, match=r"There is no flag gcc\.nosuch"):
        _ = c.gcc.nosuch
    with pytest.raises(UnknownFlagError, match=r"Did you mean floatX\?"):
        c.floatx = "float32"
    assert not hasattr(c, "nvcc")


def test_fixed_flags():
    c = fresh()
    c.device = "cpu"
    with pytest.raises(FixedFlagError, match="base_compiledir"):
        c.base_compiledir = "/elsewhere"
    with pytest.raises(AttributeError, match="deleted"):
        del c.floatX


def test_device():
    with pytest.raises(ValueError, match="Valid options are 'cpu'"):
        fresh("device=gpu0")
    with pytest.warns(UserWarning, match="device=cuda0 has no effect"):
        assert fresh("device=cuda0").device == "cuda0"


# -- sources -------------------------------------------------------------------------------------------------
def test_flags_from_the_environment():
    c = fresh("floatX=float64, floatX = float32 ,gcc.cxxflags=-O3 -DX=1,optimizer_excluding=a:b,,linker=c|py")
    assert (c.floatX, c.gcc.cxxflags, c.optimizer_excluding, c.linker) == (
        "float32",
        "-O3 -DX=1",
        "a:b",
        "c|py",
    )


def test_flags_from_files(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("[global]\nfloatX = float32\nnosuch = 1\nprofile = True\n[dnn.conv]\nalgo_fwd = fft\n")
    second.write_text("[global]\nprofile = False\n[gcc]\ncxxflags = -I%(HOME)s/include -DA=%d\n")
    files = f"{first}:{tmp_path / 'missing'}:{second}"
    c = load({"THEANORC": files, "HOME": "/home/me"})[0]
    assert (c.floatX, c.profile, c.dnn.conv.algo_fwd) == ("float32", False, "fft")
    assert c.gcc.cxxflags == "-I%(HOME)s/include -DA=%d"
    assert load({"THEANORC": files, "THEANO_FLAGS": "floatX=float16"})[0].floatX == "float16"


def test_files_may_name_the_home(tmp_path):
    rc = tmp_path / "rc"
    rc.write_text("[gcc]\ncxxflags = -I%(HOME)s/include\n")
    assert load({"THEANORC": str(rc), "HOME": "/100%/me"})[0].gcc.cxxflags == "-I/100%/me/include"


def test_the_home_file_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".theanorc").write_text("[global]\nfloatX = float32\n")
    assert load({})[0].floatX == "float32"
    assert load({"THEANORC": ""})[0].floatX == "float64"


def test_a_wrong_value_in_the_environment():
    with pytest.raises(ValueError, match=r"float33.*floatX"):
        fresh("floatX=float33")


def test_unknown_flags_in_the_environment_are_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="does not recognise this flag: nosuch"):
        fresh("nosuch=3")
    with pytest.warns(TheanoConfigWarning, match="'floatX' has no value"):
        assert fresh("floatX").floatX == "float64"


def test_parse_config_string():
    assert parse_config_string("a=1, b = 2 ,d=x=y") == {"a": "1", "b": "2", "d": "x=y"}
    assert parse_config_string("a", issue_warnings=False) == {}


def test_the_folder_of_compiled_code():
    c = fresh("base_compiledir=~/x,compiledir_format=%(python_bitwidth)s-%(hostname)s")
    assert c.base_compiledir.endswith("/x") and "~" not in c.base_compiledir
    assert c.compiledir.startswith(c.base_compiledir + "/64-")
    assert fresh("compiledir=/y").compiledir == "/y"
    assert "croton" in fresh().base_compiledir


def test_import_reads_the_environment():
    code = "from croton.config import config; print(config.floatX)"
    environ = {"THEANO_FLAGS": "floatX=float32", "THEANORC": "", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("float32\n", "")


# -- temporary changes ---------------------------------------------------------------------------------------
def test_change_flags_as_a_block():
    before = config.floatX
    with change_flags(floatX="float16", profiling__n_ops=3), change_flags({"blas.ldflags": "-lx"}):
        assert (config.floatX, config.profiling.n_ops, config.blas.ldflags) == ("float16", 3, "-lx")
    assert (config.floatX, config.profiling.n_ops, config.blas.ldflags) == (before, 20, "")


def test_change_flags_as_a_decorator():
    @config.change_flags(floatX="float16")
    def inner(depth):
        """Words."""
        return config.floatX if depth == 0 else inner(depth - 1)

    before = config.floatX
    assert (inner(2), config.floatX, inner.__name__, inner.__doc__) == ("float16", before, "inner", "Words.")


def test_change_flags_are_undone_after_errors():
    before = config.floatX
    with pytest.raises(ZeroDivisionError), change_flags(floatX="float16"):
        _ = 1 / 0
    with pytest.raises(FlagError), change_flags({"floatX": "float16", "allow_gc": "maybe"}):
        raise AssertionError("the block must not run")
    assert config.floatX == before
    with pytest.raises(UnknownFlagError, match="nosuch"):
        change_flags(nosuch=1)


def test_one_change_may_be_entered_twice():
    c = fresh()
    change = c.change_flags(floatX="float32")
    with change:
        c.floatX = "float16"
        with change:
            assert c.floatX == "float32"
        assert c.floatX == "float16"
    assert c.floatX == "float64"


# -- further flags -------------------------------------------------------------------------------------------
def test_add_config_var():
    c = fresh()
    AddConfigVar("mine.size", "A size.", IntParam(3, lambda n: n > 0), root=c, in_c_key=False)
    AddConfigVar("mine.name", "A name.", StrParam(lambda: "made"), root=c)
    AddConfigVar("ratio", "A ratio.", FloatParam(0.5), root=c)
    AddConfigVar("kind", "A kind.", EnumStr("a", "b", allow_override=False), root=c)
    AddConfigVar("doubled", "Twice.", ConfigParam(2, lambda n: 2 * n), root=c)
    AddConfigVar("text", "Lines.", TypedParam("a b", str.split), root=c)
    AddConfigVar("on", "Whether.", BoolParam(True), root=c)
    assert (c.mine.size, c.mine.name, c.ratio, c.kind, c.doubled, c.text, c.on) == (
        3,
        "made",
        0.5,
        "a",
        4,
        ["a", "b"],
        True,
    )
    with pytest.raises(ValueError, match=r"mine\.size"):
        c.mine.size = 0
    for taken in ("mine.size", "floatX", "floatX.more"):
        with pytest.raises(AttributeError, match="already taken"):
            AddConfigVar(taken, "Again.", IntParam(3), root=c)


def test_settings_by_key():
    with pytest.raises(KeyError):
        fetch_val_for_key("nosuch")


def test_the_hash_follows_flags():
    before = get_config_hash()
    with change_flags(cast_policy="numpy+floatX"):
        assert get_config_hash() != before
    assert get_config_hash() == before


def test_print():
    said = str(config)
    assert "floatX (('float64', 'float32', 'float16'))" in said and "Doc:  No effect: " in said
    assert len(said.split("Value:")) > 140


def test_pickle():
    with pytest.raises(AttributeError):
        pickle.loads(pickle.dumps(fresh())).nosuch  # noqa: B018
