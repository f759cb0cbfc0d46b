"""Which values are personal: what connectors declare, and what the names of fields say.

A schema declares it with `x-personal: CATEGORY`, or with a `format` that is one. Where nothing is
declared, a field called `email` or `iban` is what it is called.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.language import Text

CATEGORIES: Final[Mapping[str, Text]] = {
    "email": Text("mail addresses", "adresses de messagerie"),
    "name": Text("names", "noms"),
    "phone": Text("telephone numbers", "numéros de téléphone"),
    "address": Text("postal addresses", "adresses postales"),
    "iban": Text("bank accounts", "comptes bancaires"),
    "text": Text("what people write", "ce que les gens écrivent"),
    "other": Text("other personal data", "autres données personnelles"),
}
_FORMATS: Final[Mapping[str, str]] = {"email": "email", "phone": "phone", "iban": "iban"}
_NAMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("email", "e_mail", "mail", "from", "to", "cc", "bcc", "reply_to"), "email"),
    **dict.fromkeys(("sender", "recipient", "courriel"), "email"),
    **dict.fromkeys(("first_name", "last_name", "full_name", "from_name", "customer"), "name"),
    **dict.fromkeys(("nom", "prenom", "prénom", "client", "author"), "name"),
    **dict.fromkeys(("phone", "mobile", "telephone", "téléphone", "tel"), "phone"),
    **dict.fromkeys(("street", "address", "adresse", "city", "postcode", "zip"), "address"),
    **dict.fromkeys(("iban", "bic"), "iban"),
}
_PERSONS: Final = frozenset({"buyer", "seller", "customer", "client", "contact", "person"})
_ASKED: Final = ("inputs", "fields")
"""Parameters of triggers that ask people for something, which comes as `event.fields`."""
_DEEPEST: Final = 12


def category_of(name: str, *, owner: str = "", declared: Mapping[str, Any] | None = None) -> str:
    """Return the category of a field, or an empty text where it is not personal.

    *owner* is the name of what the field stands in: a `name` is one of a person within `buyer`.
    """
    shape = declared or {}
    said = shape.get("x-personal")
    if isinstance(said, str):
        return said if said in CATEGORIES else "other"
    if said is True:
        return "other"
    known = _FORMATS.get(str(shape.get("format"))) or _NAMES.get(name.lower())
    if known is None and name.lower() == "name" and owner.lower() in _PERSONS:
        return "name"
    return known or ""


def personal_fields(schema: Any, *, owner: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the personal fields of a JSON Schema: each with its path and its category."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return
    properties = schema.get("properties")
    for name, shape in properties.items() if isinstance(properties, Mapping) else ():
        declared = shape if isinstance(shape, Mapping) else {}
        category = category_of(name, owner=owner, declared=declared)
        if category:
            yield name, category
            continue
        for inner in (declared, declared.get("items")):
            for path, found in personal_fields(inner, owner=name, depth=depth + 1):
                yield f"{name}.{path}", found


def personal_event(parameters: Any, schema: Any) -> Iterator[tuple[str, str]]:
    """Yield the personal parts of an event: what its trigger asks people for, and declares."""
    given = parameters if isinstance(parameters, Mapping) else {}
    for asked in _ASKED:
        for name, category in personal_inputs(given.get(asked)):
            yield f"fields.{name}", category
    yield from personal_fields(schema)


def personal_inputs(fields: Any) -> Iterator[tuple[str, str]]:
    """Yield what a form or a recipe asks for that is personal: `{name: {type: email}}`."""
    for name, declared in fields.items() if isinstance(fields, Mapping) else ():
        given = declared if isinstance(declared, Mapping) else {}
        category = _FORMATS.get(str(given.get("type"))) or category_of(str(name))
        if category:
            yield str(name), category
