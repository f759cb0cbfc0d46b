"""The trigger `mail.received`, as declared; how the mailbox is watched is in `watching`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.sdk import JSON, Emit, Text, Trigger, TriggerContext, parse_size
from rouage_connectors.mail.arrivals import EVENT, EVENT_SAMPLE, MOST_SIZE, TOO_LARGE, Arrivals
from rouage_connectors.mail.declaration import connector

if TYPE_CHECKING:
    from rouage_connectors.mail.wanted import Refusal
    from rouage_connectors.mail.watching import Watch

_LEFT: Final = Text(
    "the mail was seen on {time} and left alone: {reason}",
    "le mail a été vu le {time} et laissé de côté : {reason}",
)
_REASONS: Final[Mapping[str, Text]] = {
    "from": Text("“{value}” does not fit `from`", "« {value} » ne correspond pas à `from`"),
    "subject": Text(
        "“{value}” does not fit `subject`", "« {value} » ne correspond pas à `subject`"
    ),
    "unseen": Text("it had been read already (`unseen`)", "il était déjà lu (`unseen`)"),
    "has_attachment": Text(
        "its attachments do not fit `has_attachment`",
        "ses pièces jointes ne correspondent pas à `has_attachment`",
    ),
    "answer": Text(
        "it answers a question that a recipe asked by mail, or is one",
        "il répond à une question posée par mail par une recette, ou en est une",
    ),
    "ignore": Text(
        "it is automatic mail of the kind {value}, which `ignore` names",
        "c’est un mail automatique de la sorte {value}, que nomme `ignore`",
    ),
}


@connector.trigger(
    "received",
    title=Text("Mail arrives", "Un mail arrive"),
    about=Text(
        "A new mail in a folder of a mailbox, with its attachments as files.",
        "Un nouveau mail dans un dossier d’une boîte, ses pièces jointes en fichiers.",
    ),
    event=EVENT,
    sample=EVENT_SAMPLE,
    example={"account": "pro", "subject": "*devis*", "mark_seen": True},
    describe=Text("a mail arrives in {folder}", "un mail arrive dans {folder}"),
)
class MailTrigger(Trigger[Arrivals]):
    """Emit one event for each new mail; what is told of it is safe before it is marked."""

    def __init__(self, params: Arrivals, context: TriggerContext) -> None:
        super().__init__(params, context)
        self._watch: Watch | None = None

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled; whatever happens to the line, it is taken up again."""
        from rouage_connectors.mail.watching import Watch

        self._watch = Watch(self.params, self.context)
        await self._watch.listen(emit)

    def status(self) -> dict[str, Any]:
        """Return which mailbox is watched, and how many mails became events."""
        return {"folder": self.params.folder} if self._watch is None else self._watch.status()

    async def probe(self) -> bool | None:
        """Send a mail to the mailbox itself, and return once it has come in (N-4)."""
        return None if self._watch is None else await self._watch.probe()

    @classmethod
    def check(cls, params: Arrivals) -> Text | None:
        """Refuse a size that no mailbox needs."""
        return TOO_LARGE if parse_size(params.max_size) > MOST_SIZE else None

    @classmethod
    def keys(cls, params: Arrivals, subject: str) -> tuple[str, ...]:
        """Return how the keys of mails with the Message-ID *subject* begin."""
        from rouage_connectors.mail.arrival import key_prefix

        del params
        bare = subject.strip().removeprefix("<").removesuffix(">")
        return (key_prefix(bare),) if "@" in bare and "/" not in bare else ()

    @classmethod
    def explain(
        cls, params: Arrivals, subject: str, *, workspace: Path, items: Mapping[bytes, JSON]
    ) -> Text | None:
        """Say why the mail with the Message-ID *subject* was left alone."""
        from rouage_connectors.mail.marks import find_left

        del params, workspace
        found = find_left(items, subject.strip().removeprefix("<").removesuffix(">"))
        if found is None:
            return None
        refusal, at = found
        return _LEFT.fill(time=at[:16].replace("T", " "), reason=_reason(refusal))


def _reason(refusal: "Refusal") -> Text:
    said = _REASONS.get(refusal.parameter)
    return Text("?", "?") if said is None else said.fill(value=refusal.value)
