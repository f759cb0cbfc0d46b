"""Values on their way out: into a text, in clear for the call, masked for the record."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from rouage.expressions.faults import Fault, located
from rouage.model.secret import MASK, Secret
from rouage.sdk.json import JSON

TEXT_LIMIT: Final = 1_048_576
LIST_LIMIT: Final = 10_000
INTEGER_LIMIT: Final = 2**128
"""Bounds of authoring X3: characters of a text, elements of a list, size of an integer."""

_NESTING: Final = 100
"""Deepest data that leave for a connector; every level costs two frames of the stack."""

_NOISE: Final = 3
_PLAIN_INTEGER: Final = 1e15
_IN_TEXT: Final = {"list": "RG457", "object": "RG458", "null": "RG459"}
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def room(size: int, limit: int = TEXT_LIMIT) -> None:
    """Refuse a text of *size* characters before it is built."""
    if size > limit:
        raise Fault("RG470", size=size, limit=limit)


def list_room(size: int) -> None:
    """Refuse a list of *size* elements before it is built."""
    if size > LIST_LIMIT:
        raise Fault("RG471", size=size, limit=LIST_LIMIT)


def text_of(value: Any) -> str | Secret:
    """Return *value* as it stands inside a text; a secret stays a secret.

    Raises:
        Fault: a list, an object or null has no place in a text.
    """
    kind = type(value)
    if kind is str or kind is Secret:
        return value  # type: ignore[no-any-return] # it is a str or a Secret, see the test
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        if not -INTEGER_LIMIT < value < INTEGER_LIMIT:
            raise Fault("RG472")
        return str(value)
    if kind is float:
        return _float_text(value)
    return _other_text(value)


def _float_text(value: float) -> str:
    """Return *value* without the noise of binary fractions: 0.1 + 0.2 reads 0.3."""
    if value.is_integer() and abs(value) < _PLAIN_INTEGER:
        return str(int(value))
    exact, short = repr(value), f"{value:.15g}"
    return short if len(exact) - len(short) >= _NOISE else exact


def _other_text(value: Any) -> str | Secret:
    if isinstance(value, Decimal):
        return format(checked_decimal(value), "f")
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        raise Fault(_IN_TEXT["object"])
    raise Fault(_IN_TEXT["null" if value is None else "list"])


def checked_decimal(value: Decimal) -> Decimal:
    """Return *value* if it is finite and of a size that can be written out."""
    if not value.is_finite() or abs(value.adjusted()) > 60 or _digits(value) > 120:
        raise Fault("RG472")
    return value


def _digits(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return len(value.as_tuple().digits) + (abs(exponent) if isinstance(exponent, int) else 0)


def join_texts(parts: Sequence[Any]) -> str | Secret:
    """Return *parts* as one text; one secret among them makes the whole a secret."""
    texts = [part if type(part) is str else text_of(part) for part in parts]
    clear = [text if isinstance(text, str) else text.reveal() for text in texts]
    room(sum(map(len, clear)))
    secrets = [text for text in texts if isinstance(text, Secret)]
    joined = "".join(clear)
    return Secret(joined, name=name_of_all(secrets)) if secrets else joined


def reveal(value: Any) -> JSON:
    """Return *value* as JSON for the call to a connector, its secrets in clear.

    Raises:
        ExpressionError: it is nested too deeply to be JSON of ours.
    """
    return _plain(value, True, 0)


def mask(value: Any) -> JSON:
    """Return *value* as JSON for the journal and the eye: a secret shows as the mask.

    It never raises: what is nested too deeply ends in “…”.
    """
    return _plain(value, False, 0)


def _plain(value: Any, clear: bool, depth: int) -> JSON:
    # Every step passes here twice, so scalars are taken without a call of their own.
    kind = type(value)
    if kind in _SCALARS:
        return value  # type: ignore[no-any-return] # one of the scalar types of JSON
    if kind is Secret:
        return value.reveal() if clear else MASK
    if depth > _NESTING:
        return _too_deep(clear=clear)
    below = depth + 1
    if kind is dict or isinstance(value, Mapping):
        return {
            str(name): item if type(item) in _SCALARS else _plain(item, clear, below)
            for name, item in value.items()
        }
    if kind is list or kind is tuple:
        return [item if type(item) in _SCALARS else _plain(item, clear, below) for item in value]
    return _plain_rare(value)


def _too_deep(*, clear: bool) -> JSON:
    # Shortening is right for the eye, but a connector must not get half of the data.
    if clear:
        raise located("RG474", 0, 0)
    return "…"


def _plain_rare(value: Any) -> JSON:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str | int | float) else MASK


def name_of_all(value: Any) -> str:
    """Return what a secret made of those in *value* is called."""
    return " ".join(sorted(secret_names(value)))


def secret_names(value: Any) -> frozenset[str]:
    """Return the names of the secrets that stand in *value*, at any depth."""
    if isinstance(value, Secret):
        return frozenset(value.name.split())
    if isinstance(value, Mapping):
        return frozenset().union(*map(secret_names, value.values()))
    if isinstance(value, list | tuple):
        return frozenset().union(*map(secret_names, value))
    return frozenset()


def holds_secret(value: Any) -> bool:
    """Say whether a secret stands in *value*, at any depth."""
    kind = type(value)
    if kind is Secret:
        return True
    if kind is dict:
        return any(holds_secret(item) for item in value.values())
    if kind is list:
        return any(holds_secret(item) for item in value)
    return isinstance(value, Mapping) and any(holds_secret(item) for item in value.values())
