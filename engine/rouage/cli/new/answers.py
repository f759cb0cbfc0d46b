"""The answers a new recipe needs: given on the command line, or asked for; each is checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rouage.analysis.drafting.plain_start import asked_of, refusal
from rouage.cli.new.conversation import Conversation, paths_for, words_among
from rouage.cli.session import Session
from rouage.errors import StepError, UsageError
from rouage.flow.answers import AnswerError, as_error, check_value
from rouage.language import Text
from rouage.recipes.scalars import resolve_plain
from rouage.sdk.connector import TriggerSpec
from rouage.sdk.json import JSON
from rouage.web.fields import kind_of, read_field, write_field

_PAIR: Final = Text("“{given}” is not NAME=VALUE", "« {given} » n’est pas de la forme NOM=VALEUR")
_UNKNOWN: Final = Text("there is no input “{name}” here", "il n’y a pas d’entrée « {name} » ici")
_KNOWN: Final = Text("the inputs: {names}", "les entrées : {names}")
_NONE: Final = Text("this one has no inputs", "celle-ci n’a pas d’entrées")
_MISSING: Final = Text("these inputs are missing: {names}", "il manque ces entrées : {names}")
_GIVE: Final = Text("give each with --input NAME=VALUE", "donnez-les avec --input NOM=VALEUR")
_EMPTY: Final = Text("an answer is needed here", "il faut une réponse ici")
_REFUSED: Final = Text("{why}", "{why}")
_CHOICES: Final = Text("one of: {choices}", "au choix : {choices}")
_YES_NO: Final = Text("yes or no", "oui ou non")
# Their values are not for a file: a secret is stored apart, and named where it is used.
_NOT_ASKED: Final = frozenset({"secret"})
_PATHS: Final = frozenset({"file", "folder", "table"})


def pairs_of(given: list[str]) -> dict[str, str]:
    """Return `name=value` words as a mapping.

    Raises:
        UsageError: one has no `=`.
    """
    pairs = {}
    for one in given:
        name, separator, text = one.partition("=")
        if not separator or not name:
            raise UsageError(_PAIR, given=one[:60])
        pairs[name] = text
    return pairs


class InputAnswers:
    """Collects the values of declared inputs."""

    def __init__(self, session: Session, declared: Mapping[str, Mapping[str, Any]]) -> None:
        self._session = session
        self._declared = declared

    def collect(self, pairs: Mapping[str, str], talk: Conversation | None) -> dict[str, JSON]:
        """Return the values that were given, and those asked for where somebody can answer.

        Raises:
            UsageError: one is unknown, unfit or missing.
        """
        self._refuse_unknown(pairs)
        values = {name: self._read(name, text) for name, text in pairs.items()}
        missing = []
        for name, declaration in self._declared.items():
            if name in values or kind_of(declaration) in _NOT_ASKED or declaration.get("secret"):
                continue
            if talk is not None:
                answer = self._ask(talk, name, declaration)
                if answer is not None:
                    values[name] = answer
            elif "default" not in declaration and declaration.get("required") is not False:
                missing.append(name)
        if missing:
            raise UsageError(_MISSING, hint=_GIVE, names=", ".join(missing))
        return values

    def _refuse_unknown(self, pairs: Mapping[str, str]) -> None:
        for name in pairs:
            if name not in self._declared:
                hint = _KNOWN if self._declared else _NONE
                names = ", ".join(self._declared)
                raise UsageError(_UNKNOWN, hint=hint, name=name[:60], names=names)

    def _read(self, name: str, text: str) -> JSON:
        declaration = self._declared[name]
        try:
            return check_value(name, declaration, read_field(name, declaration, text))
        except AnswerError as error:
            raise UsageError(_REFUSED, why=as_error(error)) from error
        except StepError as error:
            why = Text(error.render("en"), error.render("fr"))
            raise UsageError(_REFUSED, why=why) from error

    def _ask(self, talk: Conversation, name: str, declaration: Mapping[str, Any]) -> JSON:
        output, kind = self._session.output, kind_of(declaration)
        if declaration.get("help"):
            output.line(f"  {declaration['help']}")
        choices = declaration.get("choices")
        if isinstance(choices, list):
            listed = ", ".join(map(str, choices))
            output.line(f"  {self._session.say(_CHOICES, choices=listed)}")
        elif kind == "boolean":
            output.line(f"  {self._session.say(_YES_NO)}")
        has_default = "default" in declaration
        is_optional = has_default or declaration.get("required") is False

        def read(text: str) -> JSON:
            if not text and not is_optional:
                raise UsageError(_EMPTY)
            return self._read(name, text) if text else None

        label = str(declaration.get("label") or name)
        default = write_field(declaration["default"]) if has_default else ""
        candidates = None
        if kind in _PATHS:
            candidates = paths_for(_start(self._session), only_folders=kind == "folder")
        elif isinstance(choices, list):
            candidates = words_among(choices)
        return talk.ask(label, read, default=default, candidates=candidates)


def _start(session: Session) -> Path:
    return session.workspace if session.has_workspace() else session.here


class TriggerAnswers:
    """Collects the parameters of a trigger."""

    def __init__(self, session: Session, spec: TriggerSpec) -> None:
        self._session = session
        self._spec = spec

    def collect(self, pairs: Mapping[str, str], talk: Conversation | None) -> dict[str, JSON]:
        """Return the parameters: given, asked for, or as the example of the trigger has them.

        Raises:
            UsageError: one is unknown, or they do not fit.
        """
        specs = self._spec.parameters.specs
        for name in pairs:
            if name not in specs:
                names = ", ".join(specs)
                raise UsageError(_UNKNOWN, hint=_KNOWN, name=name[:60], names=names)
        values = {name: self._typed(name, text) for name, text in pairs.items()}
        for name, proposed in asked_of(self._spec).items():
            if name in values:
                continue
            values[name] = proposed if talk is None else self._ask(talk, name, proposed, values)
        why = refusal(self._spec, values)
        if why is not None:
            raise UsageError(_REFUSED, why=why)
        return values

    def _typed(self, name: str, text: str) -> JSON:
        kind = self._spec.parameters.types.get(name)
        return resolve_plain(text) if kind in {int, float, bool} else text

    def _ask(
        self, talk: Conversation, name: str, proposed: JSON, values: Mapping[str, JSON]
    ) -> JSON:
        declared = self._spec.parameters.specs[name]
        self._session.output.line(f"  {self._session.say(declared.about)}")
        title = declared.title
        label = name if title is None else self._session.say(title)

        def read(text: str) -> JSON:
            if not text:
                raise UsageError(_EMPTY)
            value = self._typed(name, text) if text != write_field(proposed) else proposed
            why = refusal(self._spec, {**asked_of(self._spec), **values, name: value})
            if why is not None:
                raise UsageError(_REFUSED, why=why)
            return value

        candidates = None
        if declared.format in {"folder", "path"}:
            is_folder = declared.format == "folder"
            candidates = paths_for(_start(self._session), only_folders=is_folder)
        default = write_field(proposed)
        return talk.ask(label, read, default=default, candidates=candidates)
