"""The connector `invoice` and what its actions share."""

from typing import Final

from rouage.sdk import JSON, Connector, Text

connector = Connector(
    "invoice",
    title=Text("Invoices", "Factures"),
    about=Text(
        "Invoices as French law wants them: drafts, numbers, Factur-X files, payments.",
        "Des factures conformes : projets, numéros, fichiers Factur-X, règlements.",
    ),
    extras={"invoice": "typst"},
)

SELLER: Final = Text(
    "Name of the account of type seller in rouage.yaml; not needed when there is only one.",
    "Nom du compte de type seller dans rouage.yaml ; inutile quand il n’y en a qu’un.",
)
SELLER_TITLE: Final = Text("Seller", "Vendeur")
ACCOUNT_PATTERN: Final = "^[a-z][a-z0-9_]{0,30}$"
CUSTOMER: Final = Text(
    "The customer: name, address, and siren for a business (vat_number for one abroad).",
    "Le client : name, address, et siren pour une entreprise (vat_number à l’étranger).",
)
CUSTOMER_TITLE: Final = Text("Customer", "Client")
LINES: Final = Text(
    "What is sold: a list of label, quantity, unit, price, vat, discount.",
    "Ce qui est vendu : une liste de label, quantity, unit, price, vat, discount.",
)
LINES_TITLE: Final = Text("Lines", "Lignes")
KEY: Final = Text(
    "What is billed, such as an order number: the same key never gives a second document.",
    "Ce qui est facturé, par exemple un numéro de commande : une même clé ne donne jamais "
    "deux documents.",
)
KEY_TITLE: Final = Text("Key", "Clé")
NUMBER_TITLE: Final = Text("Number", "Numéro")

_TEXT: Final[dict[str, JSON]] = {"type": "string"}
_MAYBE: Final[dict[str, JSON]] = {"type": ["string", "null"]}
TOTALS: Final[dict[str, JSON]] = {
    "type": "object",
    "description": "In euros, as text: net, vat, gross, rounding, prepaid, due",
    "properties": dict.fromkeys(("net", "vat", "gross", "rounding", "prepaid", "due"), _TEXT),
}
CHECKS: Final[dict[str, JSON]] = {
    "type": "object",
    "description": "Which rules it was held against, and kept",
    "properties": {
        name: {"type": "boolean"} for name in ("schema", "en16931", "french_rules", "pdf_a3")
    },
}
MAIL: Final[dict[str, JSON]] = {
    "type": "object",
    "description": "A letter in French, as mail.send takes it",
    "properties": {
        "to": _MAYBE,
        "subject": _TEXT,
        "body": _TEXT,
        "attach": {"type": "array", "items": _TEXT},
    },
}
DRAFT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "draft": {"type": "object", "description": "What invoice.issue takes"},
        "kind": {**_TEXT, "description": "invoice, deposit, balance, credit or quote"},
        "title": _TEXT,
        "customer": _TEXT,
        "totals": TOTALS,
        "total": {"type": "number", "description": "What is to be paid, for conditions"},
        "preview": {**_MAYBE, "format": "path", "description": "The draft as PDF"},
        "sha256": {**_TEXT, "description": "Hash of the draft"},
        "checks": CHECKS,
    },
    "required": ["draft", "kind", "title", "customer", "totals", "total", "preview", "sha256"],
}
ISSUED: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "number": _TEXT,
        "kind": _TEXT,
        "title": _TEXT,
        "issued_on": {**_TEXT, "format": "date"},
        "due_on": {**_MAYBE, "format": "date"},
        "customer": _TEXT,
        "email": _MAYBE,
        "totals": TOTALS,
        "pdf": {**_TEXT, "format": "path"},
        "xml": {**_MAYBE, "format": "path"},
        "sha256": {**_TEXT, "description": "Of the PDF, as the register keeps it"},
        "hash": {**_TEXT, "description": "Of the entry in the register"},
        "is_new": {"type": "boolean", "description": "False when it had been issued before"},
        "checks": CHECKS,
        "mail": MAIL,
    },
    "required": ["number", "title", "issued_on", "totals", "pdf", "sha256", "is_new", "mail"],
}
