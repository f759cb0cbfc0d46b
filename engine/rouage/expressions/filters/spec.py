"""What a filter declares about itself: evaluation, static checks and completion read it."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal

from rouage.expressions.faults import Fault
from rouage.expressions.kinds import KINDS, NUMBERS, TYPES, kind_of, one_of, spoken
from rouage.expressions.values import text_of
from rouage.language import Text
from rouage.records import dataclass

TaintRule = Literal["keep", "refuse", "inside"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """One value in the parentheses of a filter. No *kinds* means any kind."""

    name: str
    kinds: tuple[str, ...] = ("text",)
    required: bool = True
    options: tuple[str, ...] = ()

    def check(self, filter_name: str, value: Any) -> None:
        """Refuse *value* if it is not of the declared kinds or options.

        Raises:
            Fault: it is not; the fault names the argument.
        """
        if self.kinds and kind_of(value) not in self.kinds:
            expected = one_of(self.kinds)
            facts = {"argument": self.name, "name": filter_name, "expected": expected}
            raise Fault("RG461", kind=spoken(value), **facts)
        if self.options and value not in self.options:
            shown = str(value)[:30] if isinstance(value, str) else spoken(value)
            raise Fault("RG495", value=shown, name=self.name, known=", ".join(self.options))


@dataclass(frozen=True, kw_only=True, slots=True)
class FilterSpec:
    """One filter: what it takes, what it gives, and the function that does it.

    *takes* lists kinds (none: any). *gives* is a kind, or `any`, `same` (the kind that came
    in) or `item` (the kind of the elements). *taint* says what happens to a secret: `keep`
    works on the clear text and gives a secret again, `refuse` stops, `inside` leaves it to
    the function. With *wants_scope* the function gets the scope in front.
    """

    name: str
    call: Callable[..., Any]
    about: Text
    example: str
    takes: tuple[str, ...] = ("text",)
    gives: str = "text"
    arguments: tuple[Argument, ...] = ()
    is_variadic: bool = False
    taint: TaintRule = "refuse"
    wants_scope: bool = False
    types: frozenset[type] = field(init=False)

    def __post_init__(self) -> None:
        exact = [kind_type for kind in self.takes for kind_type in TYPES[kind]]
        object.__setattr__(self, "types", frozenset(exact))

    @property
    def least(self) -> int:
        """Return how many arguments it needs."""
        return sum(argument.required for argument in self.arguments)

    @property
    def most(self) -> int | None:
        """Return how many arguments it takes at most; None without limit."""
        return None if self.is_variadic else len(self.arguments)

    @property
    def usage(self) -> str:
        """Return the filter with the names of its arguments, such as `replace(old, new)`."""
        names = [item.name if item.required else f"{item.name}?" for item in self.arguments]
        more = [*names, "…"] if self.is_variadic else names
        return f"{self.name}({', '.join(more)})" if more else self.name

    def prepare(self, value: Any) -> Any:
        """Return *value* in a kind that the filter takes.

        A number or a date counts as its text where a text is asked.

        Raises:
            Fault: the filter does not work on such a value.
        """
        if not self.takes or type(value) in self.types:
            return value
        if isinstance(value, Mapping) and "object" in self.takes:
            return dict(value)
        if isinstance(value, tuple) and "list" in self.takes:
            return list(value)
        kind = kind_of(value)
        if kind in self.takes:
            return value
        if "text" in self.takes and (kind == "date" or type(value) in NUMBERS):
            return text_of(value)
        expected = one_of(tuple(kind for kind in self.takes if kind in KINDS))
        raise Fault("RG460", name=self.name, expected=expected, kind=spoken(value))


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionSpec:
    """One function without arguments, such as `now()`; it reads the scope."""

    name: str
    call: Callable[[Mapping[str, Any]], Any]
    about: Text
    gives: str
    example: str
