"""Settings: what values flags take, where they are read from, and objects that hold them as attributes."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from croton.errors import FixedFlagError, FlagError, TheanoConfigWarning, UnknownFlagError

Check = Callable[[Any], bool]

_TRUE = ("true", "1")
_FALSE = ("false", "0")


# -- what values a flag takes --------------------------------------------------------------------------------
class ConfigParam:
    """A flag that takes what `filter` lets pass, changed as `filter` says.

    default         the value where no source gives one, or a function without arguments that makes it
    filter          from the given value to the one kept; ValueError for what is not admitted
    allow_override  whether the flag may change after the package is imported
    """

    def __init__(
        self, default: Any, filter: Callable[[Any], Any] | None = None, allow_override: bool = True
    ) -> None:
        self.default = default
        self.filter = filter
        self.allow_override = allow_override
        self.fullname = ""
        self.doc = ""
        self.in_c_key = True

    def expected(self) -> str:
        """What values the flag takes, in words."""
        return "what its own check admits"

    def convert(self, value: Any) -> Any:
        """The value to keep; ValueError or TypeError for one that is not admitted."""
        return value if self.filter is None else self.filter(value)

    def accept(self, value: Any) -> Any:
        """The value to keep.

        Errors: FlagError for one that is not admitted
        """
        try:
            return self.convert(value)
        except FlagError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            said = str(error) if type(self) is ConfigParam else f"Valid options are {self.expected()}"
            raise FlagError(
                f'Invalid value ({value!r}) for configuration variable "{self.fullname}". {said}'
            ) from None

    def initial(self) -> Any:
        """The value where no source gives one."""
        return self.accept(self.default() if callable(self.default) else self.default)


class TypedParam(ConfigParam):
    """A flag of one type of values, further limited by `is_valid`."""

    def __init__(
        self,
        default: Any,
        mytype: Callable[[Any], Any],
        is_valid: Check | None = None,
        allow_override: bool = True,
    ) -> None:
        super().__init__(default, None, allow_override)
        self.mytype = mytype
        self.is_valid = is_valid

    def expected(self) -> str:
        return _TYPE_WORDS.get(self.mytype, getattr(self.mytype, "__name__", str(self.mytype)))

    def convert(self, value: Any) -> Any:
        made = self.mytype(value)
        if self.is_valid is not None and not self.is_valid(made):
            raise ValueError(made)
        return made


class EnumStr(ConfigParam):
    """A flag that takes one of some texts; the first is the default."""

    def __init__(self, default: str, *options: str, **kwargs: Any) -> None:
        super().__init__(default, None, kwargs.pop("allow_override", True))
        if kwargs:
            raise TypeError(f"EnumStr takes no argument {', '.join(kwargs)}.")
        self.all = (default, *options)

    def expected(self) -> str:
        return str(self.all)

    def convert(self, value: Any) -> Any:
        if value not in self.all:
            raise ValueError(value)
        return value


def _truth(value: Any) -> bool:
    text = str(value).lower()
    if text not in _TRUE + _FALSE:
        raise ValueError(value)
    return text in _TRUE


def _integer(value: Any) -> int:
    made = int(value)
    if not isinstance(value, str) and made != value:
        raise ValueError(value)
    return made


def _float(value: Any) -> float:
    made = float(value)
    if math.isnan(made):
        raise ValueError(value)
    return made


_TYPE_WORDS: dict[Any, str] = {
    _truth: "True and False",
    _integer: "integers",
    _float: "numbers",
    str: "texts",
}


def BoolParam(default: Any, is_valid: Check | None = None, allow_override: bool = True) -> TypedParam:
    """A flag that is true or false."""
    return TypedParam(default, _truth, is_valid, allow_override)


def IntParam(default: Any, is_valid: Check | None = None, allow_override: bool = True) -> TypedParam:
    """A flag that is an integer."""
    return TypedParam(default, _integer, is_valid, allow_override)


def FloatParam(default: Any, is_valid: Check | None = None, allow_override: bool = True) -> TypedParam:
    """A flag that is a number."""
    return TypedParam(default, _float, is_valid, allow_override)


def StrParam(default: Any, is_valid: Check | None = None, allow_override: bool = True) -> TypedParam:
    """A flag that is a text."""
    return TypedParam(default, str, is_valid, allow_override)


# -- where values are read from ------------------------------------------------------------------------------
def parse_config_string(config_string: str, issue_warnings: bool = True) -> dict[str, str]:
    """The settings in a text `key=value,key=value`; the last one of a key counts.

    Example:
        >>> parse_config_string("floatX=float32, gcc.cxxflags=-O3 -g")
        {'floatX': 'float32', 'gcc.cxxflags': '-O3 -g'}
    """
    found = {}
    for part in filter(None, map(str.strip, config_string.split(","))):
        key, equals, value = part.partition("=")
        if equals:
            found[key.strip()] = value.strip()
        elif issue_warnings:
            warnings.warn(f"Config key {key!r} has no value, ignoring it", TheanoConfigWarning, stacklevel=2)
    return found


def files_from(environ: Mapping[str, str]) -> list[str]:
    """The settings files to read, later ones counting more: those that THEANORC names, or ~/.theanorc."""
    named = environ.get("THEANORC")
    if named is None:
        named = os.pathsep.join(["~/.theanorc", "~/.theanorc.txt"] if os.name == "nt" else ["~/.theanorc"])
    return [os.path.expanduser(path) for path in named.split(os.pathsep) if path]


def _parser_of(paths: list[str], defaults: Mapping[str, str]) -> Any:
    """The settings in files, or None where there are none."""
    if not paths:
        return None
    import configparser

    parser = configparser.ConfigParser(defaults)
    parser.read(paths, encoding="utf-8")
    return parser


class Sources:
    """The settings that the user made outside the program: THEANO_FLAGS first, then the files."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.text = environ.get("THEANO_FLAGS", "")
        self.flags = parse_config_string(self.text)
        self.files = files_from(environ)
        # What files may refer to as %(NAME)s.
        known = {
            name: environ.get(name, "") for name in ("USER", "HOME", "LSCRATCH", "TMPDIR", "TEMP", "TMP")
        }
        known["PID"] = str(os.getpid())
        escaped = {name: text.replace("%", "%%") for name, text in known.items()}
        self.parser = _parser_of([path for path in self.files if os.path.exists(path)], escaped)

    def fetch(self, key: str, delete_key: bool = False) -> str:
        """The value of `key`.

        Errors: KeyError where no source has one
        """
        if key in self.flags:
            return self.flags.pop(key) if delete_key else self.flags[key]
        section, _, option = key.rpartition(".")
        section = section or "global"
        if self.parser is None or not self.parser.has_option(section, option):
            raise KeyError(key)
        import configparser

        try:
            found: str = self.parser.get(section, option)
        except configparser.InterpolationError:
            found = self.parser.get(section, option, raw=True)
        return found


# -- objects that hold them ----------------------------------------------------------------------------------
class Section:
    """Flags as attributes: reading one is a plain look-up, setting one checks the value."""

    _prefix: str
    _params: dict[str, ConfigParam]

    def __init__(self, prefix: str = "") -> None:
        self.__dict__.update(_prefix=prefix, _params={})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise self._unknown(name)

    def __setattr__(self, name: str, value: Any) -> None:
        param = self._params.get(name)
        if param is None:
            raise self._unknown(name)
        kept = param.accept(value)
        if not param.allow_override and kept != self.__dict__[name]:
            raise FixedFlagError(
                f"The flag {param.fullname!r} can't change after the package is imported (it is "
                f"{self.__dict__[name]!r}): set it in THEANO_FLAGS or in ~/.theanorc."
            )
        self.__dict__[name] = kept

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Flags can't be deleted: {self._prefix}{name}.")

    def _unknown(self, name: str) -> UnknownFlagError:
        near = [
            param.fullname
            for param in self._walk()
            if param.fullname.lower().rpartition(".")[2] == name.lower()
        ]
        hint = f" Did you mean {' or '.join(near)}?" if near else " print(theano.config) lists them all."
        return UnknownFlagError(f"There is no flag {self._prefix}{name}.{hint}")

    def _walk(self) -> Iterator[ConfigParam]:
        yield from self._params.values()
        for value in self.__dict__.values():
            if isinstance(value, Section):
                yield from value._walk()

    def _section(self, name: str) -> Section:
        """The section of that name, made where there is none."""
        found = self.__dict__.get(name)
        if found is None:
            found = self.__dict__[name] = Section(f"{self._prefix}{name}.")
        if not isinstance(found, Section):
            raise AttributeError(f"This name is already taken: {self._prefix}{name} is a flag.")
        return found

    def _add(self, name: str, param: ConfigParam, value: Any) -> None:
        """Hold a further flag.

        Errors: AttributeError when there is one of that name
        """
        if name in self.__dict__:
            raise AttributeError(f"This name is already taken: {param.fullname}.")
        self._params[name] = param
        self.__dict__[name] = value
