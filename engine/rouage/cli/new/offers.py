"""What `rouage new` can make: recipes of the gallery and triggers, and how they are told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.session import OK, Session
from rouage.language import Text
from rouage.records import dataclass

if TYPE_CHECKING:
    from rouage.analysis.drafting.gallery import Template
    from rouage.sdk.connector import TriggerSpec

_FROM_TRIGGER: Final = Text("Start from: {title} ({id})", "Partir de : {title} ({id})")
_TITLE: Final = Text("{title}. {about}", "{title}. {about}")
_SAVES: Final = Text(
    "{cost}, saves about {minutes} min each time",
    "{cost}, fait gagner environ {minutes} min à chaque fois",
)
_NEEDS: Final = Text("needs an account: {kinds}", "demande un compte : {kinds}")
_KINDS: Final = {
    "seller": Text("your business", "votre entreprise"),
    "mail": Text("a mailbox", "une boîte mail"),
    "notify": Text("notifications", "des notifications"),
}
_HEADS: Final = (
    Text("WHAT", "QUOI"),
    Text("TITLE", "TITRE"),
    Text("COST", "COÛT"),
    Text("SAVES", "GAIN"),
    Text("ABOUT", "EN BREF"),
)
_MINUTES: Final = Text("{minutes} min", "{minutes} min")


@dataclass(frozen=True, kw_only=True, slots=True)
class Offers:
    """What a recipe may be made of."""

    templates: "tuple[Template, ...]"
    starts: "Sequence[TriggerSpec]"

    def named(self, what: str) -> "Template | TriggerSpec | None":
        """Return the offer with this id; the recipes of the gallery have one for all languages."""
        every: list[Template | TriggerSpec] = [*self.templates, *self.starts]
        found = next((one for one in every if one.id == what), None)
        return found or next((one for one in self.templates if one.origin.get("id") == what), None)


def shown_template(session: Session, template: "Template") -> str:
    """Return one choice: title, sentence, and what it costs, saves and needs."""
    title, about = template.title, template.about
    lines = [session.say(_TITLE, title=title, about=about) if about else title]
    origin = template.origin
    if "minutes" in origin:
        facts = [session.say(_SAVES, cost=origin.get("cost", "0 €"), minutes=origin["minutes"])]
        if template.needs:
            kinds = ", ".join(
                session.say(_KINDS.get(one, Text(one, one))) for one in template.needs
            )
            facts.append(session.say(_NEEDS, kinds=kinds))
        lines.append("     " + " · ".join(facts))
    return "\n".join(lines)


def shown_start(session: Session, start: "TriggerSpec") -> str:
    """Return one choice of a trigger."""
    return session.say(_FROM_TRIGGER, title=session.say(start.title), id=start.id)


def print_offers(session: Session, offers: Offers) -> int:
    """Print all there is to choose from."""
    say = session.say
    if session.is_json:
        gallery = [_as_json(one) for one in offers.templates]
        listed = [
            {"id": one.id, "title": say(one.title), "about": say(one.about)}
            for one in offers.starts
        ]
        session.output.data({"gallery": gallery, "starts": listed})
        return OK
    rows = [_row(session, one) for one in offers.templates]
    rows += [(one.id, say(one.title), "", "", say(one.about)) for one in offers.starts]
    session.output.table([say(head) for head in _HEADS], rows)
    return OK


def _as_json(template: "Template") -> dict[str, Any]:
    origin = template.origin
    return {
        "id": template.id,
        "title": template.title,
        "about": template.about,
        "inputs": dict(template.inputs),
        "tags": list(template.tags),
        "template": origin.get("id"),
        "version": origin.get("version"),
        "cost": origin.get("cost"),
        "minutes": origin.get("minutes"),
        "needs": list(template.needs),
        "has_example": template.example is not None,
    }


def _row(session: Session, template: "Template") -> tuple[str, ...]:
    minutes = template.origin.get("minutes")
    saves = "" if minutes is None else session.say(_MINUTES, minutes=minutes)
    cost = str(template.origin.get("cost", ""))
    return (template.id, template.title, cost, saves, template.about)
