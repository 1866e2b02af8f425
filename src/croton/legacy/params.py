"""The historic types of an operation's parameters: `theano.gof.ParamsType`, `EnumList` and `EnumType`."""

from __future__ import annotations

from typing import Any

from croton.graph.type import Type


class Params(dict[str, Any]):
    """Values of parameters, by name; also as attributes."""

    def __init__(self, params_type: ParamsType, **kwargs: Any) -> None:
        missing = [field for field in params_type.fields if field not in kwargs]
        if missing:
            raise TypeError(f"These parameters have no value: {', '.join(missing)}.")
        super().__init__(kwargs)
        self.__dict__["__params_type__"] = params_type

    def __getattr__(self, name: str) -> Any:
        if name not in self:
            raise AttributeError(f"There is no parameter {name!r}; there are {', '.join(self)}.")
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise NotImplementedError("Parameters can't be changed.")

    __setitem__ = __setattr__

    def __hash__(self) -> int:  # type: ignore[override]
        return hash((Params, tuple(sorted(self))))


class ParamsType(Type):
    """The type of several parameters: `ParamsType(name=type, …)`. An operation that has one as `params_type` is
    given their values, read from its attributes, as last argument of `perform`.
    """

    def __init__(self, **kwargs: Type) -> None:
        if not kwargs:
            raise ValueError("ParamsType needs at least one parameter: ParamsType(name=type, …).")
        for name, kind in kwargs.items():
            if not isinstance(kind, Type):
                raise TypeError(f"The parameter {name} must be given a type; got {kind!r}.")
        self.fields = tuple(sorted(kwargs))
        self.types = tuple(kwargs[name] for name in self.fields)
        self.length = len(self.fields)

    def extended(self, **kwargs: Type) -> ParamsType:
        """This type with further parameters."""
        return ParamsType(**{**dict(zip(self.fields, self.types, strict=True)), **kwargs})

    def has_type(self, theano_type: Type) -> bool:
        """Whether a parameter is of that type."""
        return theano_type in self.types

    def get_type(self, field_name: str) -> Type:
        """The type of a parameter."""
        return self.types[self.fields.index(field_name)]

    def get_field(self, theano_type: Type) -> str:
        """The first parameter of a type."""
        return self.fields[self.types.index(theano_type)]

    def get_enum(self, key: str) -> Any:
        """The value of a named constant of the enumerations among the types."""
        return next(kind[key] for kind in self.types if isinstance(kind, EnumType) and key in kind)

    def enum_from_alias(self, alias: str) -> Any:
        """As `get_enum`, by an alias."""
        return next(k.fromalias(alias) for k in self.types if isinstance(k, EnumType) and k.has_alias(alias))

    def get_params(self, *objects: Any, **kwargs: Any) -> Params:
        """The parameters: from `kwargs`, else from the attributes of `objects`.

        Errors: KeyError for one that is nowhere
        """
        found = {}
        for name, kind in zip(self.fields, self.types, strict=True):
            if name in kwargs:
                value = kwargs[name]
            else:
                source = next((o for o in objects if hasattr(o, name)), None)
                if source is None:
                    raise KeyError(f"No value is given for the parameter {name!r}.")
                value = getattr(source, name)
            found[name] = kind.filter(value, strict=False, allow_downcast=True)
        return Params(self, **found)

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Params:
        given = {n: value[n] if isinstance(value, dict) else getattr(value, n) for n in self.fields}
        return Params(
            self,
            **{
                n: kind.filter(given[n], strict=strict, allow_downcast=allow_downcast)
                for n, kind in zip(self.fields, self.types, strict=True)
            },
        )

    def values_eq(self, a: Any, b: Any) -> bool:
        return all(k.values_eq(a[n], b[n]) for n, k in zip(self.fields, self.types, strict=True))

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        return all(k.values_eq_approx(a[n], b[n]) for n, k in zip(self.fields, self.types, strict=True))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self.fields, self.types))

    def __repr__(self) -> str:
        inside = ", ".join(f"{n}:{k}" for n, k in zip(self.fields, self.types, strict=True))
        return f"ParamsType<{inside}>"

    __str__ = __repr__


class EnumType(Type, dict[str, Any]):
    """Named numbers: `EnumType(CONSTANT=value, …)`; a name may have an alias, given as `NAME=(alias, value)`."""

    def __init__(self, **kwargs: Any) -> None:
        self.ctype = kwargs.pop("ctype", "double")
        self.cname = kwargs.pop("cname", self.ctype)
        self.aliases: dict[str, str] = {}
        named: dict[str, Any] = {}
        for name, value in kwargs.items():
            if isinstance(value, tuple):
                alias, value = value
                self._alias(alias, name)
            named[name] = value
        dict.__init__(self, named)

    def _alias(self, alias: str, name: str) -> None:
        if alias in self.aliases:
            raise TypeError(f"The alias {alias!r} stands for {self.aliases[alias]} already.")
        self.aliases[alias] = name

    def fromalias(self, alias: str) -> Any:
        """The value that an alias stands for."""
        return self[self.aliases[alias]]

    def has_alias(self, alias: str) -> bool:
        """Whether there is such an alias."""
        return alias in self.aliases

    def get_aliases(self) -> tuple[str, ...]:
        """All aliases."""
        return tuple(sorted(self.aliases))

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        if isinstance(value, str) and not strict:
            value = self.fromalias(value) if value in self.aliases else self.get(value, value)
        if value not in self.values():
            raise ValueError(f"{value!r} is none of {', '.join(f'{n}={v}' for n, v in self.items())}.")
        return value

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"There is no constant {name!r}; there are {', '.join(self)}.")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and dict(self) == dict(other) and self.aliases == other.aliases

    def __hash__(self) -> int:  # type: ignore[override]
        return hash((type(self), tuple(self.items())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{n}:{v}' for n, v in self.items())})"

    __str__ = __repr__


class EnumList(EnumType):
    """Names that stand for 0, 1, …: `EnumList("A", ("B", "alias of B"), …)`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        ctype = kwargs.pop("ctype", "int")
        if kwargs:
            raise TypeError(f"EnumList takes names, and ctype and cname; got {', '.join(kwargs)}.")
        pairs = [one if isinstance(one, (tuple, list)) else (one, None) for one in args]
        super().__init__(ctype=ctype, **{name: i for i, (name, _) in enumerate(pairs)})
        for name, alias in pairs:
            if alias is not None:
                self._alias(alias, name)


CEnumType = EnumList
