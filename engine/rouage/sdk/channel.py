"""A channel: how a connector carries questions to people, and their answers back (N-15).

The engine writes the letters, signs what names them, reads the answers and decides; a channel
only carries. It says which mails answer a letter of ours; it never says what they mean.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from rouage.records import dataclass
from rouage.sdk.context import Context
from rouage.sdk.trigger import TriggerContext


@dataclass(frozen=True, kw_only=True, slots=True)
class Enclosure:
    """A file that goes with a letter: its name without folders, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What one person is told. `id` names it for ever: the same letter twice has the same one.

    `answers` is the id of the message that it answers; `is_reply` says that there is one.
    """

    to: str
    id: str
    subject: str
    text: str
    answers: str | None = None
    enclosures: tuple[Enclosure, ...] = ()

    @property
    def is_reply(self) -> bool:
        """Say whether it answers a message."""
        return self.answers is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message that answers one of our letters: `letters` are their ids, the nearest first.

    `senders` are all the addresses that claim to have sent it, `name` what its writer is called
    there; `key` is its identity, also
    when it is delivered twice, and `id` what an answer to it names.
    """

    key: str
    id: str | None
    senders: tuple[str, ...]
    letters: tuple[str, ...]
    subject: str
    text: str
    name: str = ""


Take = Callable[[Said], Awaitable[None]]


class Channel(ABC):
    """One way to ask people; *account* names one of the owner's, None stands for the only one."""

    @abstractmethod
    def reach(self, person: str) -> str | None:
        """Return the address of *person* as a recipe writes it; None: not by this channel."""

    @abstractmethod
    def own_address(self, account: str | None, context: Context) -> str:
        """Return the address that letters come from, and answers go to.

        Raises:
            StepError: there is no such account.
        """

    @abstractmethod
    async def send(self, letter: Letter, account: str | None, context: Context) -> None:
        """Send *letter*; after a crash it may be sent again, under the same id.

        Raises:
            StepError: it was not sent.
        """

    @abstractmethod
    async def listen(self, account: str | None, context: TriggerContext, take: Take) -> None:
        """Hand every answer to *take*, in order, until cancelled; say by `report` how it is.

        `context.is_asked` tells which ids are those of letters. A message counts as taken once
        *take* has returned; what no person wrote is left alone.
        """
