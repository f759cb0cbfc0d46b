"""SIREN, SIRET, VAT number, IBAN, mail address: right by their own check digits."""

import re
from typing import Final

from rouage.sdk import StepError, Text
from rouage.sdk.extras import require
from rouage.sdk.files import shown

_EMAIL: Final = re.compile(r"[^\s@<>]{1,64}@[A-Za-z0-9.-]{1,60}", re.ASCII)
_SPACES: Final = re.compile(r"[\s\u00a0\u202f.]+")

_WRONG: Final = Text(
    "the {kind} of {what}, {value}, is not right", "le {kind} de {what}, {value}, n’est pas juste"
)
_WRONG_HINT: Final = Text(
    "compare it with an official paper, or on annuaire-entreprises.data.gouv.fr",
    "comparez avec un papier officiel, ou sur annuaire-entreprises.data.gouv.fr",
)
_IBAN_HINT: Final = Text("copy it from your bank details", "recopiez-le depuis votre RIB")
_MISMATCH: Final = Text(
    "the SIRET of {what} does not begin with its SIREN",
    "le SIRET de {what} ne commence pas par son SIREN",
)
_MISMATCH_HINT: Final = Text(
    "correct one of them; the SIRET alone is enough",
    "corrigez l’un des deux ; le SIRET seul suffit",
)
_EMAIL_HINT: Final = Text(
    "write it as name@example.org, or leave it out",
    "écrivez-la comme nom@exemple.fr, ou retirez-la",
)
_NO_SIREN: Final = Text(
    "a business customer in France needs its `siren` on the invoice",
    "une entreprise cliente en France doit avoir son `siren` sur la facture",
)
_NO_SIREN_HINT: Final = Text(
    "ask the customer, or look on annuaire-entreprises.data.gouv.fr; a private person needs none",
    "demandez-le au client, ou cherchez sur annuaire-entreprises.data.gouv.fr ; "
    "un particulier n’en a pas",
)


def siren(value: str, what: Text) -> str:
    """Return the nine digits of a SIREN.

    Raises:
        StepError: it cannot be one.
    """
    return _checked("stdnum.fr.siren", "SIREN", value, what, _WRONG_HINT)


def siret(value: str, what: Text) -> str:
    """Return the fourteen digits of a SIRET.

    Raises:
        StepError: it cannot be one.
    """
    return _checked("stdnum.fr.siret", "SIRET", value, what, _WRONG_HINT)


def vat(value: str, what: Text) -> str:
    """Return a VAT number of the European Union, with its country.

    Raises:
        StepError: it cannot be one.
    """
    return _checked("stdnum.eu.vat", "VAT", value, what, _WRONG_HINT)


def iban(value: str) -> str:
    """Return an IBAN without spaces.

    Raises:
        StepError: it cannot be one.
    """
    owner = Text("the seller", "le vendeur")
    return _checked("stdnum.iban", "IBAN", value, owner, _IBAN_HINT)


def email(value: str, what: Text) -> str:
    """Return a mail address.

    Raises:
        StepError: it cannot be one.
    """
    if _EMAIL.fullmatch(value) is None:
        raise StepError(_WRONG, hint=_EMAIL_HINT, kind="mail", what=what, value=shown(value[:60]))
    return value


def matching(siren: str | None, siret: str, what: Text) -> str:
    """Return the SIREN that *siret* begins with.

    Raises:
        StepError: *siren* is another one.
    """
    if siren is not None and siren != siret[:9]:
        raise StepError(_MISMATCH, hint=_MISMATCH_HINT, what=what)
    return siret[:9]


def missing_siren() -> StepError:
    """Return the error that a business has no SIREN."""
    return StepError(_NO_SIREN, hint=_NO_SIREN_HINT)


def _checked(module: str, kind: str, value: str, what: Text, hint: Text) -> str:
    numbers = require(module, "invoice")
    text = _SPACES.sub("", value)
    try:
        return str(numbers.validate(text))
    except require("stdnum.exceptions", "invoice").ValidationError:
        name = Text("VAT number", "numéro de TVA") if kind == "VAT" else kind
        raise StepError(_WRONG, hint=hint, kind=name, what=what, value=shown(value[:40])) from None
