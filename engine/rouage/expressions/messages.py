"""Every message of expressions by its code, for run-time errors and for `rouage check`."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.expressions.message import Message
from rouage.expressions.messages_syntax import SYNTAX
from rouage.expressions.messages_values import KINDS, LIMITS, REFERENCES, SECRETS, VALUES
from rouage.language import Text

MESSAGES: Final[dict[str, Message]] = {
    **SYNTAX,
    **REFERENCES,
    **KINDS,
    **LIMITS,
    **SECRETS,
    **VALUES,
}

UNDEFINED: Final = frozenset({"RG440", "RG441", "RG445", "RG446", "RG447", "RG448", "RG449"})
"""The codes that say that a value is not there: `default()` and `is defined` catch them."""

DID_YOU_MEAN: Final = Text("did you mean “{suggestion}”?", "vouliez-vous dire « {suggestion} » ?")
KNOWN_HERE: Final = Text("known here: {known}", "connus ici : {known}")


def hint_of(code: str, facts: Mapping[str, Any]) -> Text | None:
    """Return the way out of *code*: the near name, the known names, or the usual remedy."""
    if facts.get("suggestion"):
        return DID_YOU_MEAN
    if facts.get("known"):
        return KNOWN_HERE
    return MESSAGES[code].fix


__all__ = ["DID_YOU_MEAN", "KNOWN_HERE", "MESSAGES", "UNDEFINED", "Message", "hint_of"]
