"""A connector: one file that offers triggers and actions.

Each action declares what it does to the world (`effect`), whether doing it again is harmless
(`idempotent`), and how it reads as a sentence (`describe`). Everything else (schema, pages,
forms, completion, dry run) is a reading of that one declaration.
"""

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from rouage.errors import CatalogError
from rouage.language import Text, as_text
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Undo:
    """How to take an effect back: `prepare` runs before the action, `apply` much later.

    `prepare(params, context)` returns the inverse as JSON, which is recorded before the
    action is called; `apply(inverse, context)` restores the world from it, and raises
    `StepError` when the world has changed since.
    """

    prepare: Run
    apply: Callable[[JSON, Context], Awaitable[JSON]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionSpec:
    """One action as declared.

    `result` is the JSON Schema of what it returns; `example` a set of parameters as a user
    would write them; `describe` a phrase with `{parameter}` places. `isolated` says whether it
    runs in a worker process under `limits`; None leaves it to where the connector comes from.
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
    """A named set of triggers and actions. Ids are public: `name.word`, lower case."""

    def __init__(self, name: str, *, about: Text | str, title: Text | str | None = None) -> None:
        _check_id(name)
        self.name = name
        self.about = as_text(about)
        self.title = as_text(title if title is not None else name)
        self.actions: dict[str, ActionSpec] = {}
        self.triggers: dict[str, TriggerSpec] = {}

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
    ) -> Callable[[F], F]:
        """Register the decorated coroutine function of parameters and context as `name.word`.

        Without a declaration the engine assumes the worst: irreversible, not idempotent.
        *about* is the docstring's first line when not given. An *isolated* action runs in a
        worker process under *limits*, as all actions of installed packages do unless they say
        False; a function of the parameters may decide for each call.
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
