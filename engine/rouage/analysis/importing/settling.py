"""Make an imported recipe pass every check: what does not becomes a comment with its reason."""

from collections.abc import Callable
from typing import Final

from rouage.analysis.drafting.draft import Draft
from rouage.analysis.drafting.writing import Written, write
from rouage.analysis.importing.foreign import lost
from rouage.analysis.render import message_of
from rouage.language import LANGUAGES, Language, Text
from rouage.problem import Problem
from rouage.records import dataclass

Check = Callable[[bytes], tuple[Problem, ...]]

_MOST_ROUNDS: Final = 60
_REFUSED: Final = Text(
    "“{what}” does not fit here: {why}", "« {what} » ne convient pas ici : {why}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A recipe as it will be written, and the problems that nobody could take away."""

    draft: Draft
    written: Written
    problems: tuple[Problem, ...]


def settle(draft: Draft, check: Check, language: Language) -> Settled:
    """Return *draft* as text that passes *check*, as far as that can be had."""
    written = write(draft, language)
    problems = _errors(check(written.text.encode()))
    for _ in range(_MOST_ROUNDS):
        if not problems or not _give_up(draft, written, problems):
            break
        written = write(draft, language)
        problems = _errors(check(written.text.encode()))
    return Settled(draft=draft, written=written, problems=problems)


def _errors(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(one for one in problems if one.severity == "error")


def _give_up(draft: Draft, written: Written, problems: tuple[Problem, ...]) -> bool:
    """Turn what the problems are about into comments; False where nothing could be."""
    lines = written.text.splitlines()
    done = False
    for problem in problems:
        reason = Text(*(message_of(problem, language) for language in LANGUAGES))
        number = problem.range.start.line
        piece = written.piece_at(number)
        if piece is None:
            done = _give_up_word(draft, lines[number - 1].partition(":")[0], reason) or done
        elif piece.entry is not None:
            piece.give_up(_REFUSED.fill(what=piece.about or "…", why=reason))
            done = True
    return done


def _give_up_word(draft: Draft, word: str, reason: Text) -> bool:
    """Turn the condition, or another word at the top, into a comment."""
    why = _REFUSED.fill(what=word, why=reason)
    if word == "if" and draft.condition is not None:
        draft.lost_conditions.append(lost(why, f"if: {draft.condition}", word))
        draft.condition = None
        return True
    if word in draft.settings:
        draft.lost_conditions.append(lost(why, {word: draft.settings.pop(word)}, word))
        return True
    return False
