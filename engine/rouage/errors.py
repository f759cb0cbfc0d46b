"""Every exception the engine raises on purpose.

An error holds a `Text` and its facts; the sentence is built when it is shown, in the
reader's language. `str(error)` is the English sentence.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rouage.language import Language, Text, as_text

if TYPE_CHECKING:
    from rouage.problem import Problem


class RouageError(Exception):
    """Something that Rouage can explain: what happened and, where known, the way out."""

    def __init__(
        self, message: Text | str, *, hint: Text | str | None = None, **facts: object
    ) -> None:
        self.message = as_text(message)
        self.hint = None if hint is None else as_text(hint)
        self.facts = facts
        super().__init__(self.render("en"))

    def render(self, language: Language) -> str:
        """Return the sentence in *language*."""
        return self.message.render(language, self.facts)

    def render_hint(self, language: Language) -> str | None:
        """Return the way out in *language*, or None when there is none to offer."""
        return None if self.hint is None else self.hint.render(language, self.facts)

    def record(self) -> dict[str, Any]:
        """Return the error as JSON data for the journal, in both languages."""
        record: dict[str, Any] = {
            "kind": type(self).__name__,
            "message": {"en": self.render("en"), "fr": self.render("fr")},
        }
        if self.hint is not None:
            record["hint"] = {"en": self.render_hint("en"), "fr": self.render_hint("fr")}
        return record


class UsageError(RouageError):
    """The command was called in a way that makes no sense (exit code 2)."""


class SettingsError(RouageError):
    """The settings file or the environment cannot be used as written."""


class WorkspaceError(RouageError):
    """The workspace is missing, locked by another daemon, or not ours to use."""


class CatalogError(RouageError):
    """Report an unknown or duplicate id, or a connector that cannot be imported."""


class RecipeError(RouageError):
    """Report a recipe that cannot be used; `problems` says where and why, all of them."""

    def __init__(self, problems: Sequence["Problem"]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            Text("{count} problem(s) in {file}", "{count} problème(s) dans {file}"),
            count=len(self.problems),
            file=self.problems[0].file if self.problems else "?",
        )


class JournalError(RouageError):
    """Report that the durable record cannot be read or written; nothing was accepted."""


class Overloaded(JournalError):  # noqa: N818 - a state, told by its name
    """A bounded queue is full: nothing was accepted, try again later."""

    def __init__(
        self,
        message: Text | str,
        *,
        hint: Text | str | None = None,
        retry_after_seconds: float = 1.0,
        **facts: object,
    ) -> None:
        super().__init__(message, hint=hint, **facts)
        self.retry_after_seconds = retry_after_seconds


class StepError(RouageError):
    """Raised by authors: this step failed, and trying again would not help."""


class RetryableError(StepError):
    """A passing reason: the effect did not happen, and trying again may help."""

    def __init__(
        self,
        message: Text | str,
        *,
        hint: Text | str | None = None,
        retry_after_seconds: float | None = None,
        **facts: object,
    ) -> None:
        super().__init__(message, hint=hint, **facts)
        self.retry_after_seconds = retry_after_seconds


class OutcomeUnknown(StepError):  # noqa: N818 - a state, told by its name
    """The step was cut off: nobody knows whether it had its effect."""


class EffectInDoubt(OutcomeUnknown):
    """The effect may have happened, and only a person can find out: the run asks.

    For actions that may be repeated, and that found out by their notes that this time they
    must not. A person who says “retry” has the action called again, as a further attempt.
    """


class StepTimeout(OutcomeUnknown):
    """The step took longer than its `timeout` allows; its outcome is unknown."""


class ExpressionError(StepError):
    """Report an expression that could not be evaluated.

    `code` is the diagnostic code; `offset` is the 0-based code point in the source where
    the fault lies, `length` how many code points it covers.
    """

    def __init__(
        self,
        code: str,
        message: Text | str,
        *,
        offset: int = 0,
        length: int = 1,
        hint: Text | str | None = None,
        **facts: object,
    ) -> None:
        super().__init__(message, hint=hint, **facts)
        self.code = code
        self.offset = offset
        self.length = length
