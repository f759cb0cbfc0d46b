"""Questions on the terminal: asked again until the answer fits, with completion where it helps."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from rouage.cli.session import Session
from rouage.errors import RouageError, UsageError
from rouage.language import Text

_ENDED: Final = Text(
    "no more answers came; nothing was written", "plus de réponse ; rien n’est écrit"
)
_WITH_DEFAULT: Final = Text("{question} [{default}] ", "{question} [{default}] ")
_BARE: Final = Text("{question} ", "{question} ")
_NUMBER: Final = Text("Which number? ", "Quel numéro ? ")
_NOT_ONE: Final = Text("Write a number from 1 to {most}.", "Écrivez un numéro de 1 à {most}.")
_YES: Final = frozenset({"", "y", "yes", "o", "oui"})
_NO: Final = frozenset({"n", "no", "non"})

T = TypeVar("T")


class Conversation:
    """Asks the person at the terminal."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(
        self,
        question: str,
        read: Callable[[str], T],
        *,
        default: str = "",
        candidates: Callable[[str], Sequence[str]] | None = None,
    ) -> T:
        """Ask until *read* takes the answer; an empty one stands for *default*.

        Raises:
            UsageError: no answer comes any more.
        """
        text = _WITH_DEFAULT if default else _BARE
        prompt = self._session.say(text, question=question, default=default)
        while True:
            answer = self._line(prompt, candidates).strip() or default
            try:
                return read(answer)
            except RouageError as error:
                self._session.output.line(f"  {error.render(self._session.language)}")
                hint = error.render_hint(self._session.language)
                if hint is not None:
                    self._session.output.line(f"  {hint}")

    def choose(self, shown: Sequence[str]) -> int:
        """Show numbered choices and return the place of the one that is chosen."""
        for number, one in enumerate(shown, 1):
            self._session.output.line(f"{number:>3}  {one}")

        def read(answer: str) -> int:
            if not answer.isdecimal() or not 1 <= int(answer[:6]) <= len(shown):
                raise UsageError(_NOT_ONE, most=len(shown))
            return int(answer[:6]) - 1

        return self.ask(self._session.say(_NUMBER).strip(), read)

    def agrees(self, question: str) -> bool:
        """Ask for yes or no; an empty answer is a yes."""

        def read(answer: str) -> bool:
            if answer.lower() not in _YES | _NO:
                raise UsageError(Text("Write yes or no.", "Écrivez oui ou non."))
            return answer.lower() in _YES

        return self.ask(question, read)

    def _line(self, prompt: str, candidates: Callable[[str], Sequence[str]] | None) -> str:
        """Return one line; a terminal of our own completes it with the tabulator key.

        Raises:
            UsageError: there is none.
        """
        import sys

        if self._session.stdin is sys.stdin:
            line = _edited(prompt, candidates)
        else:
            self._session.output.prompt(prompt)
            line = self._session.stdin.readline() or None
        if line is None:
            raise UsageError(_ENDED)
        return line


def _edited(prompt: str, candidates: Callable[[str], Sequence[str]] | None) -> str | None:
    """Return a line that the person could edit and complete; None at the end of input."""
    completer = _Completer(candidates or (lambda _: ()))
    try:
        import readline
    except ImportError:
        pass
    else:
        readline.set_completer(completer.complete)
        readline.set_completer_delims("\t\n")
        readline.parse_and_bind("tab: complete")
    try:
        return input(prompt)
    except EOFError:
        return None


class _Completer:
    """Gives the editor of the line one candidate after the other."""

    def __init__(self, candidates: Callable[[str], Sequence[str]]) -> None:
        self._candidates = candidates
        self._found: Sequence[str] = ()

    def complete(self, text: str, state: int) -> str | None:
        """Return candidate number *state* for *text*, or None after the last."""
        if state == 0:
            self._found = self._candidates(text)
        return self._found[state] if state < len(self._found) else None


def paths_for(here: Path, *, only_folders: bool) -> Callable[[str], Sequence[str]]:
    """Return what completes paths, relative ones from *here*."""

    def candidates(text: str) -> Sequence[str]:
        head, slash, tail = text.rpartition("/")
        folder = here / Path(head + slash or ".").expanduser()
        try:
            names = sorted(folder.iterdir())
        except OSError:
            return ()
        return [
            f"{head}{slash}{one.name}{'/' if one.is_dir() else ''}"
            for one in names
            if one.name.startswith(tail) and (one.is_dir() or not only_folders)
        ]

    return candidates


def words_among(choices: Sequence[Any]) -> Callable[[str], Sequence[str]]:
    """Return what completes one of *choices*."""
    return lambda text: [str(one) for one in choices if str(one).startswith(text)]
