"""What `rouage.yaml` may hold: one declaration, read by checking, schema and environment."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Final, Literal

from rouage.errors import SettingsError
from rouage.language import LANGUAGES, Language, Text
from rouage.records import dataclass
from rouage.settings.accounts import ACCOUNTS_SCHEMA, read_accounts
from rouage.settings.business import BUSINESS_SCHEMA, read_business
from rouage.settings.corrections import CORRECTIONS_SCHEMA, read_corrections
from rouage.settings.rates import RATES_SCHEMA, read_rates
from rouage.settings.retention import RETENTION_SCHEMA, SIZE_SCHEMA, read_retention, read_size
from rouage.settings.values import (
    as_timezone,
    one_of,
    read_folders,
    read_grace,
    read_host_names,
    read_inputs,
    read_loopback,
    read_networks,
    read_port,
    read_public_url,
    read_ways,
)

LogLevel = Literal["debug", "info", "warning", "error"]
LOG_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error")
DEFAULT_PORT: Final = 8470
DEFAULT_HOOKS_PORT: Final = 8471
DEFAULT_GRACE_SECONDS: Final = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One thing in the settings that cannot be used; `path` leads to it in the data."""

    path: tuple[str | int, ...]
    message: Text
    facts: Mapping[str, object] = field(default_factory=dict)
    hint: Text | None = None

    def as_error(self) -> SettingsError:
        """Return the mistake as an error."""
        return SettingsError(self.message, hint=self.hint, **self.facts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One key of `rouage.yaml`.

    `read` converts a value, or raises `ValueError`; `wanted` says in words what fits, and
    `schema` says it to editors. `attribute` is where `Settings` keeps it, `variable` the
    variable of the environment that overrides it.
    """

    about: Text
    wanted: Text
    schema: Mapping[str, Any]
    read: Callable[[Any], Any]
    attribute: str = ""
    variable: str | None = None
    hint: Text | None = None


def find_mistakes(data: Any) -> tuple[Mistake, ...]:
    """Return everything in the settings *data* that cannot be used."""
    if data is None:
        return ()
    if not isinstance(data, Mapping):
        return (Mistake(path=(), message=_NOT_A_MAPPING, hint=_NOT_A_MAPPING_HINT),)
    mistakes = []
    for name, value in data.items():
        declared = FIELDS.get(name)
        if declared is None:
            mistakes.append(_unknown(name))
            continue
        try:
            declared.read(value)
        except ValueError:
            facts = {"name": name, "wanted": declared.wanted}
            mistakes.append(Mistake(path=(name,), message=_UNFIT, facts=facts, hint=declared.hint))
    return tuple(mistakes)


def settings_schema(language: Language = "en") -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `rouage.yaml` for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rouage",
        "type": ["object", "null"],
        "properties": {
            name: {"description": declared.about.render(language), **declared.schema}
            for name, declared in FIELDS.items()
        },
        "additionalProperties": False,
    }


def _unknown(name: object) -> Mistake:
    import difflib  # only a mistake needs it, and starting must stay fast

    near = difflib.get_close_matches(str(name).lower(), FIELDS, n=1)
    known = ", ".join(FIELDS)
    hint = (
        Text(f"did you mean “{near[0]}”?", f"vouliez-vous dire « {near[0]} » ?")
        if near
        else Text(f"known settings: {known}", f"réglages connus : {known}")
    )
    return Mistake(path=(str(name),), message=_UNKNOWN, facts={"name": str(name)[:80]}, hint=hint)


_NOT_A_MAPPING: Final = Text(
    "the settings must be names with values", "les réglages doivent être des noms avec leur valeur"
)
_NOT_A_MAPPING_HINT: Final = Text(
    "one `name: value` per line, such as `language: fr`",
    "un `nom: valeur` par ligne, par exemple `language: fr`",
)
_UNKNOWN: Final = Text("unknown setting “{name}”", "réglage inconnu « {name} »")
_UNFIT: Final = Text("“{name}” must be {wanted}", "« {name} » doit être {wanted}")
_PORT: Final = Text(
    "a whole number from 0 to 65535 (0 picks a free port)",
    "un nombre entier de 0 à 65535 (0 choisit un port libre)",
)
_PORT_SCHEMA: Final = {"type": "integer", "minimum": 0, "maximum": 65_535}
_TEXTS_SCHEMA: Final = {"type": ["string", "array"], "minLength": 1, "items": {"type": "string"}}

FIELDS: Final[Mapping[str, Field]] = {
    "rouage": Field(
        about=Text("Version of this format.", "Version de ce format."),
        wanted=Text("1", "1"),
        schema={"const": 1},
        read=one_of(1),
    ),
    "language": Field(
        about=Text("Language of every message.", "Langue de tous les messages."),
        wanted=Text("en or fr", "en ou fr"),
        schema={"enum": list(LANGUAGES)},
        read=one_of(*LANGUAGES),
        attribute="language",
        variable="ROUAGE_LANG",
    ),
    "timezone": Field(
        about=Text(
            "Time zone of recipes that name none (default: that of the machine).",
            "Fuseau horaire des recettes qui n’en nomment pas (par défaut : celui de la machine).",
        ),
        wanted=Text("a time zone such as Europe/Paris", "un fuseau horaire comme Europe/Paris"),
        schema={"type": "string", "examples": ["Europe/Paris"]},
        read=as_timezone,
        attribute="timezone",
        variable="ROUAGE_TIMEZONE",
    ),
    "port": Field(
        about=Text("Port of the console and its API.", "Port de la console et de son API."),
        wanted=_PORT,
        schema={**_PORT_SCHEMA, "default": DEFAULT_PORT},
        read=read_port,
        attribute="port",
        variable="ROUAGE_PORT",
    ),
    "hooks_port": Field(
        about=Text("Port of the webhooks.", "Port des webhooks."),
        wanted=_PORT,
        schema={**_PORT_SCHEMA, "default": DEFAULT_HOOKS_PORT},
        read=read_port,
        attribute="hooks_port",
        variable="ROUAGE_HOOKS_PORT",
    ),
    "hosts": Field(
        about=Text(
            "Addresses to listen on, of this machine only.",
            "Adresses d’écoute, de cette machine seulement.",
        ),
        wanted=Text(
            "addresses of this machine only, such as 127.0.0.1 or ::1",
            "des adresses de cette machine seulement, comme 127.0.0.1 ou ::1",
        ),
        schema={**_TEXTS_SCHEMA, "default": ["127.0.0.1", "::1"]},
        read=read_loopback,
        attribute="hosts",
        hint=Text(
            "to receive webhooks from elsewhere, lead a tunnel or a proxy to the hooks port",
            "pour recevoir des webhooks d’ailleurs, menez un tunnel ou un proxy jusqu’à leur port",
        ),
    ),
    "allowed_hosts": Field(
        about=Text(
            "Further host names by which requests may call (a tunnel, a proxy).",
            "Autres noms d’hôte par lesquels on peut appeler (un tunnel, un proxy).",
        ),
        wanted=Text(
            "host names without a port, such as hooks.example.org",
            "des noms d’hôte sans port, comme hooks.exemple.fr",
        ),
        schema={**_TEXTS_SCHEMA, "default": []},
        read=read_host_names,
        attribute="allowed_hosts",
    ),
    "public_url": Field(
        about=Text(
            "Where a proxy or a tunnel leads to the console; links to approvals begin with it.",
            "L’adresse par laquelle un proxy ou un tunnel mène à la console ; les liens des "
            "approbations commencent par elle.",
        ),
        wanted=Text(
            "an address without a path, such as https://rouage.example.org",
            "une adresse sans chemin, comme https://rouage.exemple.fr",
        ),
        schema={"type": "string", "pattern": "^https://[a-z0-9.-]+(:[0-9]{1,5})?/?$"},
        read=read_public_url,
        attribute="public_url",
        hint=Text(
            "lead only /approve/ through the proxy: the rest is for this machine",
            "ne faites passer que /approve/ par le proxy : le reste est pour cette machine",
        ),
    ),
    "trusted_proxies": Field(
        about=Text(
            "Proxies whose word about the caller of a webhook is taken.",
            "Proxys dont on croit ce qu’ils disent de l’appelant d’un webhook.",
        ),
        wanted=Text(
            "addresses or networks, such as 127.0.0.1 or 10.0.0.0/24",
            "des adresses ou des réseaux, comme 127.0.0.1 ou 10.0.0.0/24",
        ),
        schema={**_TEXTS_SCHEMA, "default": []},
        read=read_networks,
        attribute="trusted_proxies",
    ),
    "folders": Field(
        about=Text(
            "Further folders that the actions of every recipe may touch.",
            "Autres dossiers que les actions de toutes les recettes peuvent toucher.",
        ),
        wanted=Text("a list of folders", "une liste de dossiers"),
        schema={**_TEXTS_SCHEMA, "default": [], "examples": [["~/Documents/Factures"]]},
        read=read_folders,
        attribute="folders",
    ),
    "inputs": Field(
        about=Text(
            "Values of the inputs of recipes, by recipe and name.",
            "Valeurs des entrées des recettes, par recette et par nom.",
        ),
        wanted=Text(
            "names of recipes, each with its `name: value` lines",
            "des noms de recettes, chacun avec ses lignes `nom: valeur`",
        ),
        schema={"type": "object", "additionalProperties": {"type": "object"}},
        read=read_inputs,
        attribute="inputs",
    ),
    "grace": Field(
        about=Text(
            "How long running actions may go on when the daemon stops.",
            "Combien de temps les actions en cours peuvent finir quand le service s’arrête.",
        ),
        wanted=Text("a duration up to 10m, such as 20s", "une durée de 10m au plus, comme 20s"),
        schema={"type": "string", "pattern": "^[0-9]{1,6}(s|m)$", "default": "20s"},
        read=read_grace,
        attribute="grace_seconds",
        variable="ROUAGE_GRACE",
    ),
    "retention": Field(
        about=Text(
            "How much of finished runs is kept; unfinished ones are never forgotten.",
            "Ce qui est gardé des exécutions finies ; les autres ne sont jamais oubliées.",
        ),
        wanted=Text(
            "lines such as age: 90d, runs: 200000, size: 2GB (each may be “unlimited”), "
            "personal: 30d (or “never”)",
            "des lignes comme age: 90d, runs: 200000, size: 2GB (ou « unlimited »), personal: 30d "
            "(ou « never »)",
        ),
        schema=RETENTION_SCHEMA,
        read=read_retention,
        attribute="retention",
    ),
    "rates": Field(
        about=Text(
            "How often a connector, or one of its actions, may be used; the others wait.",
            "À quel rythme un connecteur, ou une de ses actions, peut servir ; le reste attend.",
        ),
        wanted=Text(
            "lines such as http: 10 per 1s, or mail.send: 100 per 1h",
            "des lignes comme http: 10 par 1s, ou mail.send: 100 par 1h",
        ),
        schema=RATES_SCHEMA,
        read=read_rates,
        attribute="rates",
    ),
    "accounts": Field(
        about=Text(
            "Mailboxes and services that recipes use by name, and how to reach them.",
            "Boîtes mail et services que les recettes emploient par leur nom, et leurs accès.",
        ),
        wanted=Text(
            "names, each with its `type: …` and further lines; a password, a token or a key is "
            "written ${{ secrets.NAME }}",
            "des noms, chacun avec son `type: …` et d’autres lignes ; un mot de passe, un jeton ou "
            "une clé s’écrit ${{ secrets.NOM }}",
        ),
        schema=ACCOUNTS_SCHEMA,
        read=read_accounts,
        attribute="accounts",
        hint=Text(
            "store it with `rouage secrets set NAME`, then write password: ${{ secrets.NAME }}",
            "donnez-le avec « rouage secrets set NOM », puis écrivez password: ${{ secrets.NOM }}",
        ),
    ),
    "business": Field(
        about=Text(
            "When the business works: holidays, days, hours, quiet hours, closing dates.",
            "Quand l’entreprise travaille : jours fériés, jours, heures, calme, fermetures.",
        ),
        wanted=Text(
            "lines such as hours: 9:00-12:00, 14:00-18:00, days: monday to friday, "
            "quiet: 20:00-08:00, holidays: FR, closed: [2026-08-03 to 2026-08-21, 12-24]",
            "des lignes comme hours: 9:00-12:00, 14:00-18:00, days: du lundi au vendredi, "
            "quiet: 20:00-08:00, holidays: FR, closed: [2026-08-03 au 2026-08-21, 12-24]",
        ),
        schema=BUSINESS_SCHEMA,
        read=read_business,
        attribute="business",
        hint=Text(
            "known lines: holidays, days, hours, quiet, closed; times such as 9:00-18:00",
            "lignes connues : holidays, days, hours, quiet, closed ; des heures comme 9:00-18:00",
        ),
    ),
    "ask_via": Field(
        about=Text(
            "How you are also asked what `trust`, `limits` and `hold` want to know: by mail, to "
            "the address of the account.",
            "Par où vous recevez aussi les questions de `trust`, `limits` et `hold` : par mail, à "
            "l’adresse du compte.",
        ),
        wanted=Text("mail, or mail/NAME of an account", "mail, ou mail/NOM d’un compte"),
        schema={**_TEXTS_SCHEMA, "default": [], "examples": [["mail"]]},
        read=read_ways,
        attribute="ask_via",
    ),
    "corrections": Field(
        about=Text(
            "Whether what you correct by hand becomes a proposal for the recipe, and for how long.",
            "Si ce que vous corrigez à la main devient une proposition, et pendant combien de "
            "temps.",
        ),
        wanted=Text(
            "false, or lines such as within: 7d, every: 10m",
            "false, ou des lignes comme within: 7d, every: 10m",
        ),
        schema=CORRECTIONS_SCHEMA,
        read=read_corrections,
        attribute="corrections",
    ),
    "reserve": Field(
        about=Text(
            "No event is accepted while less than this is free on the disk.",
            "Aucun événement n’est accepté tant qu’il reste moins que cela sur le disque.",
        ),
        wanted=Text("a size such as 100MB or 1GB", "une taille comme 100MB ou 1GB"),
        schema={**SIZE_SCHEMA, "default": "100MB"},
        read=read_size,
        attribute="reserve_bytes",
    ),
    "log_level": Field(
        about=Text("How much the log says.", "Ce que dit le journal technique."),
        wanted=Text(f"one of {', '.join(LOG_LEVELS)}", f"l’un de {', '.join(LOG_LEVELS)}"),
        schema={"enum": list(LOG_LEVELS), "default": "info"},
        read=one_of(*LOG_LEVELS),
        attribute="log_level",
        variable="ROUAGE_LOG_LEVEL",
    ),
}
