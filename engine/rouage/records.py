"""`dataclass`: that of the standard library, whose methods are compiled at their first call.

The standard decorator writes and compiles up to six functions for each class as soon as its
module is imported: most of the time that a command took to start, for hundreds of classes of
which it makes few. Here the fields are read at once, as always, by the standard library;
`__init__`, `__repr__`, `__eq__` and `__hash__` are compiled when they are called for the first
time. From then on nothing differs, so nothing is slower.
"""

import dataclasses
from typing import TYPE_CHECKING, Any, Final, Generic

if TYPE_CHECKING:
    # For type checkers it is the decorator that they know.
    from dataclasses import dataclass

__all__ = ["dataclass"]

# A class that asks for other options, or writes one of these methods, is made at once.
_OPTIONS: Final = frozenset({"frozen", "kw_only", "slots", "eq"})
_METHODS: Final = frozenset(
    {"__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__"}
    | {"__getstate__", "__setstate__"}
)


if not TYPE_CHECKING:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:
        """Make *cls* a dataclass, with the options of `dataclasses.dataclass`."""
        if cls is None:
            return lambda found: dataclass(found, **options)
        if options.keys() <= _OPTIONS and _is_plain(cls):
            return _declare(cls, **options)
        return dataclasses.dataclass(**options)(cls)


def _is_plain(cls: type) -> bool:
    """Say whether *cls* is only fields, all of them arguments, and those it inherits."""
    own = vars(cls)
    return (
        type(cls) is type
        and all(base in {Generic, object} or _is_made(base) for base in cls.__mro__[1:])
        and _METHODS.isdisjoint(own)
        and all(one.init for one in own.values() if isinstance(one, dataclasses.Field))
        and not any(map(_is_passed_on, getattr(cls, "__annotations__", {}).values()))
    )


def _is_passed_on(kind: object) -> bool:
    """Say whether this is the type of an argument that is no field."""
    return isinstance(kind, dataclasses.InitVar) or (isinstance(kind, str) and "InitVar" in kind)


def _is_made(cls: type) -> bool:
    return "__dataclass_fields__" in vars(cls)


def _declare(cls: type, *, frozen: bool = False, eq: bool = True, **options: bool) -> Any:
    """Return the dataclass with its fields, and with methods that wait for their first call."""
    if not cls.__doc__:
        # The standard library would describe the arguments, at a cost, for nobody.
        cls.__doc__ = cls.__name__
    # The standard library compares a class with those it inherits, so then it must be told.
    is_frozen = frozen and any(_is_made(base) for base in cls.__mro__[1:])
    made: Any = dataclasses.dataclass(
        init=False, repr=False, eq=False, frozen=is_frozen, **options
    )(cls)
    told = made.__dataclass_params__
    told.init, told.repr, told.eq, told.frozen = True, True, eq, frozen
    made.__init__, made.__repr__ = _first_init, _first_repr
    if eq:
        # What may change is no key of a dictionary.
        made.__eq__, made.__hash__ = _first_eq, _first_hash if frozen else None
    if frozen and not is_frozen:
        made.__setattr__, made.__delattr__ = _refuse_value, _refuse_removal
        if "__slots__" in vars(made):
            made.__getstate__, made.__setstate__ = _get_state, _set_state
    return made


# What stands in a class until it is called: it puts the real method into its place.


def _first_init(self: Any, /, *values: Any, **named: Any) -> None:
    _put(self, "__init__", _first_init)(self, *values, **named)


def _first_repr(self: Any) -> str:
    return str(_put(self, "__repr__", _first_repr)(self))


def _first_eq(self: Any, other: object) -> Any:
    return _put(self, "__eq__", _first_eq)(self, other)


def _first_hash(self: Any) -> int:
    return int(_put(self, "__hash__", _first_hash)(self))


def _put(self: Any, name: str, first: Any) -> Any:
    """Make the method *name* of the class of *self* that still waits for it, and return it."""
    having: list[Any] = [one for one in type(self).__mro__ if _is_made(one) and name in vars(one)]
    cls = next((one for one in having if vars(one)[name] is first), None)
    if cls is None:
        # Another thread was quicker.
        return vars(having[0])[name]
    real = _initializer(cls) if name == "__init__" else _compiled(cls, name)
    real.__name__, real.__qualname__ = name, f"{cls.__qualname__}.{name}"
    setattr(cls, name, real)
    return real


def _initializer(cls: Any) -> Any:
    """Return the `__init__` of *cls*, which does what that of the standard library does.

    Written here because there it comes with the methods that freeze, at three times the cost.
    """
    fields = dataclasses.fields(cls)
    names = {
        "__name__": cls.__module__,
        "_set": object.__setattr__,
        "_absent": dataclasses.MISSING,
        **{f"_default_{one.name}": one.default for one in fields},
        **{f"_new_{one.name}": one.default_factory for one in fields},
    }
    sets = "_set(self, {0!r}, {1})" if cls.__dataclass_params__.frozen else "self.{0} = {1}"
    lines = [sets.format(one.name, _value(one)) for one in fields]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n ".join(lines or ["pass"])
    exec(f"def __init__(self{_arguments(fields)}):\n {body}", names)  # noqa: S102 - our own words
    made = names["__init__"]
    made.__annotations__ = {one.name: one.type for one in fields} | {"return": None}
    return made


def _value(field: "dataclasses.Field[Any]") -> str:
    if field.default_factory is dataclasses.MISSING:
        return field.name
    return f"_new_{field.name}() if {field.name} is _absent else {field.name}"


def _arguments(fields: "tuple[dataclasses.Field[Any], ...]") -> str:
    """Return what follows `self` in the arguments of `__init__`: those by position come first."""
    words = [_argument(one) for one in fields if not one.kw_only]
    named = [_argument(one) for one in fields if one.kw_only]
    return "".join(f", {word}" for word in [*words, *(["*"] if named else []), *named])


def _argument(field: "dataclasses.Field[Any]") -> str:
    if field.default is not dataclasses.MISSING:
        return f"{field.name}=_default_{field.name}"
    if field.default_factory is not dataclasses.MISSING:
        return f"{field.name}=_absent"
    return field.name


def _compiled(cls: Any, name: str) -> Any:
    """Return the method *name* as the standard library writes it for the fields of *cls*."""
    apart = dataclasses.make_dataclass(
        cls.__name__,
        [(one.name, one.type, _again(one)) for one in dataclasses.fields(cls)],
        namespace={"__module__": cls.__module__, "__doc__": cls.__doc__},
        init=False,
        repr=name == "__repr__",
        eq=name != "__repr__",
        frozen=name == "__hash__",
    )
    return vars(apart)[name]


def _again(field: "dataclasses.Field[Any]") -> Any:
    """Declare what *field* declares once more, for another class."""
    words = ("default", "default_factory", "init", "repr", "hash", "compare", "kw_only")
    return dataclasses.field(**{word: getattr(field, word) for word in words})


def _refuse_value(self: Any, name: str, value: Any) -> None:
    if _is_field(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _refuse_removal(self: Any, name: str) -> None:
    if _is_field(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


def _is_field(self: Any, name: str) -> bool:
    """Say whether *name* is frozen: a class that inherits a frozen one may hold more."""
    return _is_made(type(self)) or any(one.name == name for one in dataclasses.fields(self))


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        # The instance itself refuses every change.
        object.__setattr__(self, one.name, value)
