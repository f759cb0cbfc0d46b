"""The parameters of `webhook.received`, and what they may not be together."""

from dataclasses import replace
from typing import Final, Literal

from rouage.sdk import JSON, SIZE_PATTERN, Text, param, params, parse_duration, parse_size
from rouage_connectors.webhook.content import Accept
from rouage_connectors.webhook.schemes import PRESETS, Algorithm, Encoding, Scheme

_PATH_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_~-]*(?:[./][A-Za-z0-9_~-]+){0,20}$"
_RATE_PATTERN: Final = r"^\d{1,7}(?:\.\d{1,3})? per \d{1,6}(?:s|m|h|d)$"
_MOST_BODY_BYTES: Final = 64 << 20
_LONGEST_WAIT: Final = 25.0
_METHODS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")

_NEEDS_UNSIGNED: Final = Text(
    "a hook without a signature accepts whatever anybody sends: write `unsigned: true` to allow it",
    "un point d’entrée sans signature accepte ce que n’importe qui envoie : "
    "écrivez `unsigned: true` pour l’autoriser",
)
_NEEDS_HEADER: Final = Text(
    "`preset: hmac` needs `header`, the name of the header that holds the signature",
    "`preset: hmac` demande `header`, le nom de l’en-tête qui porte la signature",
)
_NEEDS_PLACE: Final = Text(
    "`template` must hold {body}, and `timestamp_header` or `id_header` for what else it names",
    "`template` doit contenir {body}, et `timestamp_header` ou `id_header` pour ce qu’il nomme "
    "d’autre",
)
_NO_METHOD: Final = Text(
    "`methods` lists one or several of {known}", "`methods` énumère un ou plusieurs de {known}"
)
_BAD_RESPOND: Final = Text(
    "`respond` is written {from: STEP, timeout: 10s}, with a timeout of at most 25s",
    "`respond` s’écrit {from: ÉTAPE, timeout: 10s}, avec un délai de 25s au plus",
)
_NEEDS_META: Final = Text(
    "`verify_token` is for `preset: meta` only", "`verify_token` ne va qu’avec `preset: meta`"
)
_BODY_TOO_LARGE: Final = Text("`max_body` is at most 64 MiB", "`max_body` vaut au plus 64 Mio")


@params
class Received:
    """Where the hook listens, and how its senders prove who they are."""

    path: str = param(
        Text("End of the address: /hooks/PATH.", "Fin de l’adresse : /hooks/CHEMIN."),
        pattern=_PATH_PATTERN,
        max_length=200,
        examples=["commandes"],
    )
    preset: Literal[
        "bearer",
        "hmac",
        "standard",
        "github",
        "stripe",
        "shopify",
        "woocommerce",
        "slack",
        "meta",
        "calendly",
        "typeform",
        "cloudevents",
        "basic",
        "none",
    ] = param(
        Text(
            "Kind of sender: how its requests are signed.",
            "Type d’expéditeur : la façon dont ses requêtes sont signées.",
        ),
        default="bearer",
    )
    secret: str | list[str] = param(
        Text(
            "The shared secret, or several while it is being changed.",
            "Le secret partagé, ou plusieurs pendant qu’on en change.",
        ),
        default=[],
        secret=True,
    )
    verify_token: str = param(
        Text(
            "With meta: the word that Meta asks for when the hook is set up.",
            "Avec meta : le mot que Meta demande quand on installe le point d’entrée.",
        ),
        default="",
        secret=True,
    )
    unsigned: bool = param(
        Text(
            "Accept requests that prove nothing (only with `preset: none`).",
            "Accepter des requêtes qui ne prouvent rien (seulement avec `preset: none`).",
        ),
        default=False,
    )
    methods: list[str] = param(
        Text("HTTP methods that are accepted.", "Méthodes HTTP acceptées."), default=["POST"]
    )
    accept: Accept = param(
        Text(
            "Which bodies are accepted; auto: JSON and forms; multipart: those and forms with "
            "files; raw: anything, as text.",
            "Quels corps sont acceptés ; auto : JSON et formulaires ; multipart : cela et les "
            "formulaires avec fichiers ; raw : tout, comme texte.",
        ),
        default="auto",
    )
    max_body: str = param(
        Text("Largest body.", "Plus grand corps."),
        default="1 MiB",
        pattern=SIZE_PATTERN,
        examples=["5 MB"],
    )
    rate: str = param(
        Text(
            "How many requests one sender may make.",
            "Combien de requêtes un expéditeur peut faire.",
        ),
        default="50 per 1s",
        pattern=_RATE_PATTERN,
        examples=["20 per 1h"],
    )
    same_body: Literal["once", "again"] = param(
        Text(
            "What a body that came before is, when the sender gives no id: a second delivery "
            "(once) or something new (again).",
            "Ce qu’est un corps déjà reçu quand l’expéditeur ne donne pas d’identifiant : une "
            "seconde livraison (once) ou du nouveau (again).",
        ),
        default="once",
    )
    respond: dict[str, JSON] = param(
        Text(
            "Answer with the result of a step: {from: STEP, timeout: 10s}, 25s at most.",
            "Répondre par le résultat d’une étape : {from: ÉTAPE, timeout: 10s}, 25s au plus.",
        ),
        default={},
        examples=[{"from": "price", "timeout": "10s"}],
    )
    status: Literal[200, 202] = param(
        Text(
            "What a sender is answered once its request is on disk.",
            "Ce qui est répondu à un expéditeur une fois sa requête sur le disque.",
        ),
        default=200,
    )
    paused: Literal["store", "drop"] = param(
        Text(
            "What arrives while the recipe is paused: kept for later, or refused as done.",
            "Ce qui arrive pendant une pause de la recette : gardé pour plus tard, ou écarté.",
        ),
        default="store",
    )
    keep_headers: list[str] = param(
        Text("Further headers to keep in the event.", "Autres en-têtes à garder dans l’événement."),
        default=[],
        examples=[["X-Topic"]],
    )
    header: str | None = param(
        Text(
            "With hmac, bearer or none: the header of the signature or token.",
            "Avec hmac, bearer ou none : l’en-tête de la signature ou du jeton.",
        ),
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,100}$",
        examples=["X-Signature"],
    )
    algorithm: Algorithm = param(
        Text("With hmac: the hash.", "Avec hmac : le hachage."), default="sha256"
    )
    encoding: Encoding = param(
        Text(
            "With hmac: how the signature is written.",
            "Avec hmac : la façon dont la signature est écrite.",
        ),
        default="hex",
    )
    prefix: str = param(
        Text(
            "With hmac: what stands before the signature.",
            "Avec hmac : ce qui précède la signature.",
        ),
        default="",
        max_length=50,
        examples=["sha256="],
    )
    template: str = param(
        Text(
            "With hmac: what is signed, made of {id}, {timestamp} and {body}.",
            "Avec hmac : ce qui est signé, fait de {id}, {timestamp} et {body}.",
        ),
        default="{body}",
        max_length=100,
        examples=["{timestamp}.{body}"],
    )
    id_header: str | None = param(
        Text(
            "The header that identifies a delivery.",
            "L’en-tête qui identifie une livraison.",
        ),
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,100}$",
    )
    timestamp_header: str | None = param(
        Text(
            "With hmac: the header of the time of sending, in seconds.",
            "Avec hmac : l’en-tête de l’heure d’envoi, en secondes.",
        ),
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,100}$",
    )


def scheme_of(chosen: Received) -> Scheme:
    """Return how the senders of this hook prove who they are."""
    if chosen.preset != "hmac":
        scheme = PRESETS[chosen.preset]
        header = chosen.header.lower() if chosen.header else scheme.header
        identity = chosen.id_header.lower() if chosen.id_header else scheme.id_header
        return replace(scheme, header=header, id_header=identity)
    return Scheme(
        header=(chosen.header or "").lower(),
        algorithm=chosen.algorithm,
        encoding=chosen.encoding,
        prefix=chosen.prefix,
        template=chosen.template,
        id_header=(chosen.id_header or "idempotency-key").lower(),
        timestamp_header=chosen.timestamp_header.lower() if chosen.timestamp_header else None,
    )


def find_fault(chosen: Received) -> Text | None:
    """Say what is wrong with parameters that are fine one by one, or None."""
    if (chosen.preset == "none") != chosen.unsigned:
        return _NEEDS_UNSIGNED
    if chosen.preset == "hmac" and not chosen.header:
        return _NEEDS_HEADER
    if chosen.preset == "hmac" and not _is_sound_template(chosen):
        return _NEEDS_PLACE
    if not chosen.methods or any(word.upper() not in _METHODS for word in chosen.methods):
        return _NO_METHOD.fill(known=", ".join(_METHODS))
    if parse_size(chosen.max_body) > _MOST_BODY_BYTES:
        return _BODY_TOO_LARGE
    if chosen.verify_token and chosen.preset != "meta":
        return _NEEDS_META
    return None if respond_of(chosen) is not None or not chosen.respond else _BAD_RESPOND


def respond_of(chosen: Received) -> tuple[str, float] | None:
    """Return the step whose result is the answer, and how long it is waited for."""
    written = chosen.respond
    step, timeout = written.get("from"), written.get("timeout", "10s")
    if not isinstance(step, str) or not step or set(written) - {"from", "timeout"}:
        return None
    try:
        seconds = parse_duration(timeout) if isinstance(timeout, str) else 0.0
    except ValueError:
        return None
    return (step, seconds) if 0 < seconds <= _LONGEST_WAIT else None


def _is_sound_template(chosen: Received) -> bool:
    template = chosen.template
    if "{body}" not in template:
        return False
    if "{timestamp}" in template and chosen.timestamp_header is None:
        return False
    return "{id}" not in template or chosen.id_header is not None
