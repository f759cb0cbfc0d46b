"""What a rehearsal is told: the results that steps are to have, and what people answer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Literal

from rouage.errors import OutcomeUnknown, RetryableError, StepError
from rouage.language import as_text
from rouage.records import dataclass
from rouage.sdk.json import JSON

Kind = Literal["value", "error", "timeout"]

_ITEM: Final = re.compile(r"\[\d+\]|#\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one step is to come to: a `value`, an `error` with its facts, or no answer in time."""

    kind: Kind
    value: JSON = None


def read_answers(given: JSON) -> tuple[Answer, ...]:
    """Return what was written for one step; one for each time it is taken, the last ones too.

    `{value: …}`, `{error: …}`, `{timeout: true}` and `{each: [...]}` alone in their mapping
    are words; everything else is the result itself.
    """
    if isinstance(given, dict) and len(given) == 1:
        ((word, content),) = given.items()
        if word == "each" and isinstance(content, list):
            return tuple(answer for one in content for answer in read_answers(one)[:1])
        if word == "error" and isinstance(content, str | dict):
            return (Answer(kind="error", value=content),)
        if word == "timeout" and content is True:
            return (Answer(kind="timeout"),)
        if word == "value":
            return (Answer(kind="value", value=content),)
    return (Answer(kind="value", value=given),)


class GivenError(StepError):
    """A failure that a test asked for, of the kind that it names."""

    def __init__(self, kind: str, message: str) -> None:
        self._kind = kind
        super().__init__(as_text("{given}"), given=message)

    def record(self) -> dict[str, Any]:
        """Return the error as JSON data, under the kind that was asked for."""
        return {**super().record(), "kind": self._kind}


class _PassingError(GivenError, RetryableError):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.retry_after_seconds = None


class _UnknownOutcome(GivenError, OutcomeUnknown):  # noqa: N818 - as the kind it stands for
    pass


def as_error(answer: Answer) -> StepError:
    """Return the failure that an answer of the kind `error` stands for."""
    facts: Mapping[str, Any] = (
        answer.value if isinstance(answer.value, dict) else {"message": answer.value}
    )
    kind = str(facts.get("kind", "StepError"))
    message = facts.get("message", kind)
    if kind in {"StepTimeout", "OutcomeUnknown"}:
        return _UnknownOutcome(kind, str(message))
    is_passing = facts.get("passing", kind == "RetryableError")
    return (_PassingError if is_passing else GivenError)(kind, str(message))


@dataclass(slots=True)
class Answers:
    """The answers by step, handed out in order.

    A step is named by its place in the run (`do.1[0].for_each.do.0`), its place in the recipe
    (`do.1.for_each.do.0`), or its id; one of a called recipe with `RECIPE/` before that.
    """

    given: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    def take(self, recipe: str, path: str, step_id: str | None, *, main: str) -> Answer | None:
        """Return what the step at *path* is to come to, or None when nothing was said."""
        front = "" if recipe == main else f"{recipe}/"
        for name in (path, _ITEM.sub("", path), step_id):
            listed = None if name is None else self.given.get(front + name)
            if name is not None and listed:
                turn = self.used.get(front + name, 0)
                self.used[front + name] = turn + 1
                return listed[min(turn, len(listed) - 1)]
        return None

    def unused(self) -> tuple[str, ...]:
        """Return the names that no step asked for."""
        return tuple(name for name in self.given if name not in self.used)
