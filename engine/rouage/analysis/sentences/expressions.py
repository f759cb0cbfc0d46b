"""An expression as a phrase where it is simple; as it is written, in quotes, where it is not."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Final

from rouage.analysis.sentences.nouns import NOUNS, Noun, noun_of
from rouage.analysis.sentences.voice import Voice
from rouage.errors import ExpressionError
from rouage.expressions import compile_condition, compile_expression
from rouage.expressions.nodes import (
    Binary,
    Call,
    Chain,
    Defined,
    Field,
    Filtered,
    Index,
    ListOf,
    Literal,
    Name,
    Node,
    Unary,
)
from rouage.language import Text
from rouage.records import dataclass

_COMPARED: Final[Mapping[str, tuple[Text, Text]]] = {
    "==": (Text("is", "est"), Text("is", "est")),
    "!=": (Text("is not", "n’est pas"), Text("is not", "n’est pas")),
    ">": (
        Text("is greater than", "est supérieur à"),
        Text("is greater than", "est supérieure à"),
    ),
    ">=": (Text("is at least", "est d’au moins"), Text("is at least", "est d’au moins")),
    "<": (Text("is less than", "est inférieur à"), Text("is less than", "est inférieure à")),
    "<=": (Text("is at most", "est d’au plus"), Text("is at most", "est d’au plus")),
}
_EMPTY: Final[Mapping[str, Text]] = {
    "==": Text("{left} is empty", "{left} est vide"),
    "!=": Text("{left} is not empty", "{left} n’est pas vide"),
}
_IN: Final = Text("{left} is {right}", "{left} est {right}")
_NOT_IN: Final = Text("{left} is neither {right}", "{left} n’est ni {right}")
_WITHIN: Final = Text("{left} is among {right}", "{left} figure dans {right}")
_NOT_WITHIN: Final = Text("{left} is not among {right}", "{left} ne figure pas dans {right}")
_LIKE: Final = Text("{left} looks like {right}", "{left} ressemble à {right}")
_KNOWN: Final = Text("{left} is known", "{left} est connu")
_UNKNOWN: Final = Text("{left} is not known", "{left} n’est pas connu")
_TRUE: Final = Text("{left} is true", "{left} est vrai")
_FALSE: Final = Text("{left} is false", "{left} est faux")
_CONDITION_FILTERS: Final[Mapping[str, Text]] = {
    "contains": Text("{left} contains {right}", "{left} contient {right}"),
    "starts_with": Text("{left} begins with {right}", "{left} commence par {right}"),
    "ends_with": Text("{left} ends with {right}", "{left} finit par {right}"),
}
_VALUE_FILTERS: Final[Mapping[str, Text]] = {
    "name": Text("the name of {left}", "le nom de {left}"),
    "stem": Text("the name of {left} without its ending", "le nom de {left} sans son extension"),
    "ext": Text("the extension of {left}", "l’extension de {left}"),
    "folder": Text("the folder of {left}", "le dossier de {left}"),
    "length": Text("the length of {left}", "la longueur de {left}"),
    "first": Text("the first one of {left}", "le premier de {left}"),
    "last": Text("the last one of {left}", "le dernier de {left}"),
    "lower": Text("{left} in small letters", "{left} en minuscules"),
    "upper": Text("{left} in capitals", "{left} en majuscules"),
    "euros": Text("{left} in euros", "{left} en euros"),
}
_CALLS: Final[Mapping[str, Text]] = {
    "now": Text("now", "maintenant"),
    "today": Text("today", "aujourd’hui"),
}
_CONSTANTS: Final[Mapping[Any, Text]] = {
    True: Text("true", "vrai"),
    False: Text("false", "faux"),
    None: Text("empty", "vide"),
}


class NotSimple(Exception):  # noqa: N818 - asks for the quoted form
    """The expression has no plain phrase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What a recipe calls things: the labels of its inputs, and the items of its loops."""

    labels: Mapping[str, str] = field(default_factory=dict)
    items: frozenset[str] = frozenset()

    def with_item(self, name: str) -> "Names":
        """Return the same names inside a loop over *name*."""
        return Names(labels=self.labels, items=self.items | {name})


class Phrases:
    """Puts expressions into words."""

    def __init__(self, voice: Voice, names: Names) -> None:
        self._voice = voice
        self._names = names

    def condition(self, source: object) -> str:
        """Return the condition *source* in words; what is not simple stays quoted."""
        if isinstance(source, bool):
            return self._voice.say(
                Text("always", "toujours") if source else Text("never", "jamais")
            )
        try:
            expression = compile_condition(str(source)).expression
        except ExpressionError:
            return self._voice.quote(source)
        return self._part(expression.node, expression.source)

    def value(self, source: str, *, in_phrase: bool = False) -> str:
        """Return the expression *source* as a noun; what is not simple stays quoted.

        *in_phrase* says that a path stands for its file, as in “move the file”.
        """
        try:
            node = compile_expression(source).node
            return self._noun(node, in_phrase=in_phrase).text
        except (ExpressionError, NotSimple):
            return self._voice.quote(source.strip())

    def is_simple(self, source: str) -> bool:
        """Say whether the expression *source* has a phrase."""
        try:
            self._noun(compile_expression(source).node, in_phrase=False)
        except (ExpressionError, NotSimple):
            return False
        return True

    # -- conditions --------------------------------------------------------------------------

    def _part(self, node: Node, source: str) -> str:
        if isinstance(node, Chain) and node.operator in {"and", "or"}:
            parts = [self._joined(item, node.operator, source) for item in node.items]
            word = Text("and", "et") if node.operator == "and" else Text("or", "ou")
            return f" {self._voice.say(word)} ".join(parts)
        try:
            return self._claim(node)
        except NotSimple:
            return self._voice.quote(source[node.start : node.end].strip())

    def _joined(self, node: Node, outer: str, source: str) -> str:
        said = self._part(node, source)
        is_mixed = isinstance(node, Chain) and node.operator in {"and", "or"}
        return f"({said})" if is_mixed and getattr(node, "operator", outer) != outer else said

    def _claim(self, node: Node) -> str:
        for kind, say in _CLAIMS:
            if isinstance(node, kind):
                return say(self, node)
        return self._voice.say(_TRUE, left=self._noun(node).text)

    def _binary(self, node: Binary) -> str:
        if node.operator in _COMPARED:
            if isinstance(node.left, Call) or isinstance(node.right, Call):
                raise NotSimple
            left = self._noun(node.left)
            if node.operator in _EMPTY and getattr(node.right, "value", None) == "":
                return self._voice.say(_EMPTY[node.operator], left=left.text)
            words = _COMPARED[node.operator][left.is_feminine]
            return f"{left.text} {self._voice.say(words)} {self._noun(node.right).text}"
        if node.operator in {"in", "not in"}:
            return self._membership(node, is_in=node.operator == "in")
        if node.operator == "like":
            right = self._noun(node.right).text
            return self._voice.say(_LIKE, left=self._noun(node.left).text, right=right)
        raise NotSimple

    def _membership(self, node: Binary, *, is_in: bool) -> str:
        left = self._noun(node.left).text
        if isinstance(node.right, ListOf) and node.right.items:
            items = [self._noun(item).text for item in node.right.items]
            if is_in:
                return self._voice.say(_IN, left=left, right=self._voice.any_of(items))
            word = self._voice.say(Text("nor", "ni"))
            return self._voice.say(_NOT_IN, left=left, right=f" {word} ".join(items))
        right = self._noun(node.right).text
        return self._voice.say(_WITHIN if is_in else _NOT_WITHIN, left=left, right=right)

    def _unary(self, node: Unary) -> str:
        if node.operator != "not":
            raise NotSimple
        inner = node.operand
        if isinstance(inner, Binary) and inner.operator == "in":
            return self._membership(inner, is_in=False)
        if isinstance(inner, Defined | Binary | Chain | Filtered | Unary):
            raise NotSimple
        return self._voice.say(_FALSE, left=self._noun(inner).text)

    def _defined(self, node: Defined) -> str:
        left = self._noun(node.target).text
        return self._voice.say(_UNKNOWN if node.negated else _KNOWN, left=left)

    def _filtered(self, node: Filtered) -> str:
        text = _CONDITION_FILTERS.get(node.name)
        if text is None or len(node.arguments) != 1:
            raise NotSimple
        right = self._noun(node.arguments[0]).text
        return self._voice.say(text, left=self._noun(node.target).text, right=right)

    # -- nouns -------------------------------------------------------------------------------

    def _noun(self, node: Node, *, in_phrase: bool = False) -> "_Said":
        if isinstance(node, Literal):
            return _Said(self._literal(node.value))
        if isinstance(node, ListOf):
            return _Said(self._voice.all_of([self._noun(item).text for item in node.items]))
        if isinstance(node, Call) and node.name in _CALLS:
            return _Said(self._voice.say(_CALLS[node.name]))
        if isinstance(node, Filtered):
            text = _VALUE_FILTERS.get(node.name)
            if text is None or node.arguments:
                raise NotSimple
            inner = self._noun(node.target, in_phrase=True).text
            return _Said(self._voice.say(text, left=inner), is_feminine=node.name == "length")
        return self._named(_steps_of(node), in_phrase=in_phrase)

    def _literal(self, value: Any) -> str:
        if isinstance(value, str):
            return self._voice.quote(value)
        if value is None or isinstance(value, bool):
            return self._voice.say(_CONSTANTS[value])
        shown = str(value)
        return shown.replace(".", ",") if self._voice.language == "fr" else shown

    def _named(self, steps: tuple[str, ...], *, in_phrase: bool) -> "_Said":
        if in_phrase and steps == ("event", "file", "path"):
            return _Said(self._voice.say(Text("the file", "le fichier")))
        known = NOUNS.get(".".join(steps))
        if known is not None:
            return self._spoken(known, {})
        if steps[0] in self._names.items:
            return self._item(steps)
        found = noun_of(steps)
        if found is None:
            raise NotSimple
        noun, facts = found
        if steps[0] == "inputs" and steps[1] in self._names.labels:
            facts = {**facts, "name": self._names.labels[steps[1]]}
        return self._spoken(noun, facts)

    def _item(self, steps: tuple[str, ...]) -> "_Said":
        if len(steps) == 1:
            return _Said(self._voice.quote(steps[0]))
        text = Text("{field} of {item}", "{field} de {item}")
        facts = {
            "field": self._voice.quote(".".join(steps[1:])),
            "item": self._voice.quote(steps[0]),
        }
        return _Said(self._voice.say(text, **facts))

    def _spoken(self, noun: Noun, facts: Mapping[str, str]) -> "_Said":
        quoted = {name: self._voice.quote(fact) for name, fact in facts.items()}
        return _Said(self._voice.say(noun.text, **quoted), is_feminine=noun.is_feminine)


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    is_feminine: bool = False


def _steps_of(node: Node) -> tuple[str, ...]:
    """Return the names of a look-up such as `event.file.size`."""
    if isinstance(node, Name):
        return (node.name,)
    if isinstance(node, Field):
        return (*_steps_of(node.target), node.name)
    if (
        isinstance(node, Index)
        and isinstance(node.key, Literal)
        and isinstance(node.key.value, str)
    ):
        return (*_steps_of(node.target), node.key.value)
    raise NotSimple


_CLAIMS: Final[tuple[tuple[type[Any], Callable[[Phrases, Any], str]], ...]] = (
    (Binary, Phrases._binary),
    (Unary, Phrases._unary),
    (Defined, Phrases._defined),
    (Filtered, Phrases._filtered),
)
