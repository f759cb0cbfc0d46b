"""A connector: one file that offers triggers and actions.

Each action declares what it does to the world (`effect`), whether doing it again is harmless
(`idempotent`), and how it reads as a sentence (`describe`). Everything else (schema, pages,
forms, completion, dry run) is a reading of that one declaration.
"""

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Literal, TypeVar

from rouage.errors import CatalogError
from rouage.language import Text, as_text
from rouage.records import dataclass
from rouage.safety.world import World
from rouage.sdk.accounts import TestAccount
from rouage.sdk.channel import Channel
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.sdk.limits import Isolated, Limits
from rouage.sdk.params import NoParams, Parameters
from rouage.sdk.trigger import Trigger

Effect = Literal["none", "local", "outward", "irreversible"]
Idempotent = Literal["yes", "no", "by key"]

ID_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
T = TypeVar("T", bound=type[Trigger[Any]])

Run = Callable[[Any, Context], Awaitable[JSON]]

Unit = str | Mapping[str, Callable[[Any], float]]
"""What one call counts as: one of that name, or amounts by name, worked out of its parameters."""

COMMANDS: Final = "commands"
"""The unit of actions that start programs of this machine."""
ANY_EFFECT: Final = "effects"
"""The unit in which every effect counts as one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Undo:
    """How to take an effect back: `prepare` runs before the action, `apply` much later.

    `prepare(params, context)` returns the inverse as JSON, which is recorded before the
    action is called; None when there is no way back. It is left out (None) where the action
    itself notes what it is about to do (`context.files.append`).
    `complete(params, inverse, result, context)` returns what it is once the result is known
    (None: the action failed); an empty one says that nothing was done.
    `apply(inverse, context)` restores the world from it, may be repeated, and raises
    `StepError` when the world has changed since, touching nothing.

    `check(inverse, world)` says what `apply` would do, one sentence each, raises as it would,
    and leaves *world* as it would be then. It is called in a thread.
    """

    prepare: Run | None
    apply: Callable[[JSON, Context], Awaitable[JSON]]
    complete: Callable[[Any, JSON, JSON, Context], Awaitable[JSON]] | None = None
    check: Callable[[JSON, World], Sequence[Text]] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionSpec:
    """One action as declared.

    `result` is the JSON Schema of what it returns; `example` a set of parameters as a user
    would write them; `simulate` looks at the world without changing it, and returns what the
    action would return (None: only the other side knows); `describe` a phrase with
    `{parameter}` places. `isolated` says whether it
    runs in a worker process under `limits`; None leaves it to where the connector comes from.
    `unit` is what the `limits` of a recipe count.
    """

    id: str
    title: Text
    about: Text
    parameters: Parameters
    run: Run
    effect: Effect
    idempotent: Idempotent
    result: Mapping[str, JSON]
    example: Mapping[str, JSON]
    describe: Text
    simulate: Run | None = None
    undo: Undo | None = None
    isolated: Isolated | None = None
    limits: Limits = field(default_factory=Limits)
    unit: Unit | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """Return what its effects are counted in; nothing where it has none."""
        if self.effect == "none":
            return ()
        unit = self._unit
        return (unit,) if isinstance(unit, str) else tuple(unit)

    def counts(self, parameters: Any) -> dict[str, float]:
        """Return what one call with *parameters* counts as, by unit; nothing without an effect."""
        if self.effect == "none":
            return {}
        unit = self._unit
        if isinstance(unit, str):
            return {ANY_EFFECT: 1.0, unit: 1.0}
        amounts = {name: float(amount(parameters)) for name, amount in unit.items()}
        return {ANY_EFFECT: 1.0, **amounts}

    @property
    def _unit(self) -> Unit:
        if self.unit is not None:
            return self.unit
        return "files" if self.effect == "local" else "requests"


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerSpec:
    """One trigger as declared; `event` is the JSON Schema of `event`, `sample` one event."""

    id: str
    title: Text
    about: Text
    parameters: Parameters
    listen: type[Trigger[Any]]
    event: Mapping[str, JSON]
    sample: JSON
    example: Mapping[str, JSON]
    describe: Text


class Connector:
    """A named set of triggers and actions. Ids are public: `name.word`, lower case.

    *extras* names what only some installations have and its actions need: the extra of Rouage,
    and a module that comes with it (see `rouage.sdk.extras`).
    """

    def __init__(
        self,
        name: str,
        *,
        about: Text | str,
        title: Text | str | None = None,
        extras: Mapping[str, str] | None = None,
    ) -> None:
        _check_id(name)
        self.name = name
        self.about = as_text(about)
        self.title = as_text(title if title is not None else name)
        self.extras = dict(extras or {})
        self.actions: dict[str, ActionSpec] = {}
        self.triggers: dict[str, TriggerSpec] = {}
        self.account_tests: dict[str, TestAccount] = {}
        self.channels: dict[str, Channel] = {}

    def action(
        self,
        word: str,
        *,
        title: Text | str | None = None,
        about: Text | str | None = None,
        effect: Effect = "irreversible",
        idempotent: bool | Idempotent = "no",
        result: Mapping[str, JSON] | None = None,
        example: Mapping[str, JSON] | None = None,
        describe: Text | str | None = None,
        simulate: Run | None = None,
        undo: Undo | None = None,
        isolated: Isolated | None = None,
        limits: Limits | None = None,
        unit: Unit | None = None,
    ) -> Callable[[F], F]:
        """Register the decorated coroutine function of parameters and context as `name.word`.

        Without a declaration the engine assumes the worst: irreversible, not idempotent.
        *about* is the docstring's first line when not given. An *isolated* action runs in a
        worker process under *limits*, as all actions of installed packages do unless they say
        False; a function of the parameters may decide for each call. *unit* is what a call counts
        as (`mails`); without it `files` for an effect on this machine, else `requests`.
        """

        def register(function: F) -> F:
            spec = ActionSpec(
                id=self._new_id(word, self.actions),
                title=as_text(title if title is not None else word),
                about=as_text(about if about is not None else _first_line(function)),
                parameters=Parameters.of(_params_class(function)),
                run=function,
                effect=effect,
                idempotent=_idempotent(idempotent),
                result=result if result is not None else {"type": "object"},
                example=example if example is not None else {},
                describe=as_text(describe if describe is not None else f"{self.name}.{word}"),
                simulate=simulate,
                undo=undo,
                isolated=isolated,
                limits=limits or Limits(),
                unit=unit,
            )
            self.actions[spec.id] = spec
            return function

        return register

    def trigger(
        self,
        word: str,
        *,
        title: Text | str | None = None,
        about: Text | str | None = None,
        event: Mapping[str, JSON] | None = None,
        sample: JSON = None,
        example: Mapping[str, JSON] | None = None,
        describe: Text | str | None = None,
    ) -> Callable[[T], T]:
        """Register the decorated `class Name(Trigger[Params])` as `name.word`."""

        def register(cls: T) -> T:
            spec = TriggerSpec(
                id=self._new_id(word, self.triggers),
                title=as_text(title if title is not None else word),
                about=as_text(about if about is not None else _first_line(cls)),
                parameters=Parameters.of(_trigger_params(cls)),
                listen=cls,
                event=event if event is not None else {},
                sample=sample,
                example=example if example is not None else {},
                describe=as_text(describe if describe is not None else f"{self.name}.{word}"),
            )
            self.triggers[spec.id] = spec
            return cls

        return register

    def offer_channel(self, kind: str, channel: Channel) -> None:
        """Register *channel* as the way that `via: kind` names in a question to people."""
        _check_id(kind)
        self.channels[kind] = channel

    def account_test(self, kind: str) -> Callable[[TestAccount], TestAccount]:
        """Register the decorated function as the test of accounts of type *kind*."""
        _check_id(kind)

        def register(function: TestAccount) -> TestAccount:
            self.account_tests[kind] = function
            return function

        return register

    def _new_id(self, word: str, taken: Mapping[str, object]) -> str:
        _check_id(word)
        full = f"{self.name}.{word}"
        if full in taken:
            raise CatalogError(
                Text("{id} is declared twice", "{id} est déclaré deux fois"), id=full
            )
        return full


def _check_id(word: str) -> None:
    if ID_PATTERN.fullmatch(word) is None:
        raise CatalogError(
            Text(
                "“{id}” is not a valid id: lower case letters, digits and underscores",
                "« {id} » n’est pas un identifiant valide : minuscules, chiffres et tirets bas",
            ),
            id=word,
        )


def _idempotent(declared: bool | Idempotent) -> Idempotent:
    if isinstance(declared, bool):
        return "yes" if declared else "no"
    return declared


def _first_line(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _params_class(function: Callable[..., Any]) -> type[Any]:
    hint = typing.get_type_hints(function).get("params", NoParams)
    return hint if isinstance(hint, type) else NoParams


def _trigger_params(cls: type[Any]) -> type[Any]:
    for base in getattr(cls, "__orig_bases__", ()):
        arguments = typing.get_args(base)
        if arguments and isinstance(arguments[0], type):
            return arguments[0]
    return NoParams
