"""The words of a recipe, as JSON Schema whose titles and descriptions are bilingual texts.

This is the one description of the engine's own words: validation, editor schema and pages
are readings of it. `rouage.catalog.schema` turns the texts into one language and adds what
the connectors offer.
"""

from collections.abc import Mapping
from typing import Any, Final

from rouage.language import Text
from rouage.sdk.quantities import DURATION_PATTERN

Shape = dict[str, Any]

FORMAT_VERSION: Final = 1
EXPRESSION_PATTERN: Final = r"^\s*\$\{\{[\s\S]*\}\}\s*$"
# Python lets `$` stand before a last newline; the look-ahead does not, in both dialects.
RECIPE_ID_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)"
STEP_ID_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$(?!\n)"
STEP_REFERENCE: Final[Shape] = {"$ref": "#/$defs/step"}
TRIGGER_REFERENCE: Final[Shape] = {"$ref": "#/$defs/trigger"}

INPUT_TYPES: Final = (
    "text",
    "number",
    "integer",
    "boolean",
    "date",
    "time",
    "datetime",
    "duration",
    "money",
    "email",
    "phone",
    "url",
    "file",
    "folder",
    "table",
    "choice",
    "list",
    "map",
    "secret",
    "account",
)

_DURATION_WANTED: Final = Text(
    "A duration is wanted, such as 10s, 5m, 2h30m, 3d or 1w.",
    "Une durée est attendue, comme 10s, 5m, 2h30m, 3d ou 1w.",
)


def word(title: Text, about: Text, shape: Mapping[str, Any]) -> Shape:
    """Return *shape* with its title and description."""
    return {"title": title, "description": about, "markdownDescription": about, **shape}


def obj(properties: Mapping[str, Any], *required: str, types: Any = "object") -> Shape:
    """Return the shape of a mapping with exactly these *properties*."""
    return {
        "type": types,
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


_TEXT: Final[Shape] = {"type": ["string", "number"]}
_DURATION: Final[Shape] = {
    "type": "string",
    "pattern": DURATION_PATTERN + r"(?!\n)",
    "patternErrorMessage": _DURATION_WANTED,
    "examples": ["10s", "5m", "2h30m", "3d"],
}
_BOOLEAN: Final[Shape] = {"type": "boolean"}
_CONDITION: Final[Shape] = {
    "type": ["string", "boolean"],
    "examples": ["event.file.size > 0"],
}
_VALUES: Final[Shape] = {"type": "object", "additionalProperties": True}

_ENABLED: Final = word(
    Text("Enabled", "Active"),
    Text("`false` switches this off without deleting it.", "`false` met en sommeil sans effacer."),
    {**_BOOLEAN, "default": True},
)
_IF: Final = word(
    Text("If", "Si"),
    Text(
        "An expression, without `${{ }}`, that must be true.",
        "Une expression, sans `${{ }}`, qui doit être vraie.",
    ),
    _CONDITION,
)
_TIMEOUT: Final = word(
    Text("Time limit", "Temps maximal"),
    Text("How long this may take: `30s`, `5m`.", "Durée à ne pas dépasser : `30s`, `5m`."),
    _DURATION,
)

RETRY_WORDS: Final[Mapping[str, Shape]] = {
    "times": word(
        Text("Times", "Nombre d’essais"),
        Text("Attempts after the first one.", "Essais après le premier."),
        {"type": "integer", "minimum": 0, "maximum": 1000},
    ),
    "wait": word(
        Text("Wait", "Attente"),
        Text("Pause before the second attempt.", "Pause avant le deuxième essai."),
        _DURATION,
    ),
    "backoff": word(
        Text("Backoff", "Progression"),
        Text(
            "What each pause is multiplied by: 2 doubles it.",
            "Par quoi chaque pause est multipliée : 2 la double.",
        ),
        {"type": "number", "minimum": 1, "maximum": 10},
    ),
    "jitter": word(
        Text("Jitter", "Hasard"),
        Text("Random share of the pause, from 0 to 1.", "Part de hasard dans la pause, de 0 à 1."),
        {"type": "number", "minimum": 0, "maximum": 1},
    ),
    "max_wait": word(
        Text("Longest pause", "Pause maximale"),
        Text("No pause is longer than this.", "Aucune pause n’est plus longue."),
        _DURATION,
    ),
    "max_total": word(
        Text("Total time", "Durée totale"),
        Text("Give up after this time.", "Abandonner après cette durée."),
        _DURATION,
    ),
}
RETRY: Final = word(
    Text("Retry", "Réessayer"),
    Text(
        "How often a passing failure is tried again: a number, or the details.",
        "Combien de fois réessayer après un échec passager : un nombre, ou le détail.",
    ),
    {**obj(RETRY_WORDS, types=["integer", "object"]), "minimum": 0, "maximum": 1000},
)
_MISSED_WORDS: Final[Mapping[str, Shape]] = {
    "policy": word(
        Text("Policy", "Règle"),
        Text("`last`, `all` or `skip`.", "`last`, `all` ou `skip`."),
        {"enum": ["last", "all", "skip"]},
    ),
    "max": word(
        Text("At most", "Au plus"),
        Text("With `all`: how many at most.", "Avec `all` : combien au plus."),
        {"type": "integer", "minimum": 1, "maximum": 10_000},
    ),
    "max_age": word(
        Text("Oldest", "Âge maximal"),
        Text("Older instants are dropped.", "Les instants plus anciens sont abandonnés."),
        _DURATION,
    ),
}
MISSED_CHOICES: Final = ("last", "all", "skip")

TRIGGER_KEYS: Final[Mapping[str, Shape]] = {
    "id": word(
        Text("Name of this trigger", "Nom de ce déclencheur"),
        Text("Read as `trigger.id` in expressions.", "Se lit `trigger.id` dans les expressions."),
        {"type": ["string", "number"], "pattern": RECIPE_ID_PATTERN},
    ),
    "if": _IF,
    "missed": word(
        Text("Missed while away", "Manqué en cas d’arrêt"),
        Text(
            "What to do with instants missed while Rouage was stopped: `last`, `all` or `skip`.",
            "Que faire des instants manqués pendant l’arrêt : `last` (le dernier), `all` (tous) "
            "ou `skip` (aucun).",
        ),
        {
            **obj(_MISSED_WORDS, types=["string", "object"]),
            "pattern": r"^(?:last|all|skip)$(?!\n)",
            "examples": list(MISSED_CHOICES),
        },
    ),
    "enabled": _ENABLED,
}

STOP_WORDS: Final[Mapping[str, Shape]] = {
    "text": word(
        Text("Text", "Texte"),
        Text("Why the run stops here.", "Pourquoi l’exécution s’arrête ici."),
        _TEXT,
    ),
    "result": word(
        Text("Result", "Résultat"),
        Text("How the run ends.", "Comment l’exécution se termine."),
        {"enum": ["succeeded", "failed", "skipped"], "default": "succeeded"},
    ),
    "outputs": word(
        Text("Outputs", "Sorties"),
        Text("What the run gives back.", "Ce que l’exécution rend."),
        _VALUES,
    ),
}
ENGINE_WORDS: Final[Mapping[str, Shape]] = {
    "set": word(
        Text("Set variables", "Définir des variables"),
        Text(
            "Compute values; later steps read them as `vars.NAME`.",
            "Calcule des valeurs ; les étapes suivantes les lisent par `vars.NOM`.",
        ),
        {"type": "object", "minProperties": 1, "additionalProperties": True},
    ),
    "stop": word(
        Text("Stop here", "Arrêter ici"),
        Text(
            "End the run here, with a text and a result.",
            "Termine ici l’exécution, avec un texte et un résultat.",
        ),
        obj(STOP_WORDS, types=["string", "number", "object", "null"]),
    ),
}

STEP_KEYS: Final[Mapping[str, Shape]] = {
    "id": word(
        Text("Name for its result", "Nom de son résultat"),
        Text(
            "Later steps read the result as `steps.ID`.",
            "Les étapes suivantes lisent le résultat par `steps.ID`.",
        ),
        {"type": "string", "pattern": STEP_ID_PATTERN},
    ),
    "name": word(
        Text("Title", "Titre"),
        Text("A title for people.", "Un titre pour les humains."),
        _TEXT,
    ),
    "if": _IF,
    "timeout": _TIMEOUT,
    "retry": RETRY,
    "on_error": word(
        Text("On error", "En cas d’erreur"),
        Text(
            "`stop`, `continue`, `{continue: VALUE}`, or steps to take.",
            "`stop`, `continue`, `{continue: VALEUR}`, ou des étapes à suivre.",
        ),
        {
            **obj({"continue": {"title": Text("Value", "Valeur")}}, "continue"),
            "type": ["string", "object", "array"],
            "pattern": r"^(?:stop|continue)$(?!\n)",
            "items": STEP_REFERENCE,
            "examples": ["stop", "continue"],
        },
    ),
    "enabled": _ENABLED,
}

CONCURRENCY_WORDS: Final[Mapping[str, Shape]] = {
    "mode": word(
        Text("Mode", "Mode"),
        Text(
            "`queued`: one after the other. `parallel`: several at once.",
            "`queued` : l’une après l’autre. `parallel` : plusieurs à la fois.",
        ),
        {"enum": ["queued", "parallel"], "default": "queued"},
    ),
    "key": word(
        Text("Key", "Clé"),
        Text(
            "Runs with the same value share a queue.",
            "Les exécutions de même valeur partagent une file.",
        ),
        _TEXT,
    ),
    "max": word(
        Text("At most", "Au plus"),
        Text("How many run at once.", "Combien s’exécutent à la fois."),
        {"type": "integer", "minimum": 1, "maximum": 10_000},
    ),
    "when_full": word(
        Text("When full", "File pleine"),
        Text("`refuse`: the sender is told.", "`refuse` : l’expéditeur est prévenu."),
        {"enum": ["refuse"], "default": "refuse"},
    ),
}

INPUT_WORDS: Final[Mapping[str, Shape]] = {
    "type": word(
        Text("Type", "Type"),
        Text("What kind of value.", "La sorte de valeur."),
        {"enum": list(INPUT_TYPES)},
    ),
    "default": {"title": Text("Default", "Valeur par défaut")},
    "required": word(
        Text("Required", "Obligatoire"),
        Text("`false`: may stay empty.", "`false` : peut rester vide."),
        _BOOLEAN,
    ),
    "label": word(
        Text("Label", "Libellé"), Text("Shown in forms.", "Affiché dans les formulaires."), _TEXT
    ),
    "help": word(
        Text("Help", "Aide"), Text("Shown below the field.", "Affichée sous le champ."), _TEXT
    ),
    "choices": word(
        Text("Choices", "Choix"),
        Text("The values to choose from.", "Les valeurs possibles."),
        {"type": "array", "minItems": 1},
    ),
    "min": {"title": Text("Minimum", "Minimum")},
    "max": {"title": Text("Maximum", "Maximum")},
    "pattern": word(
        Text("Pattern", "Motif"),
        Text("What a text must look like.", "La forme d’un texte."),
        _TEXT,
    ),
    "secret": word(
        Text("Secret", "Secret"),
        Text("Never shown.", "Jamais affiché."),
        _BOOLEAN,
    ),
}

TOP_WORDS: Final[Mapping[str, Shape]] = {
    "$schema": {
        "title": Text("Schema", "Schéma"),
        "description": Text("For editors; ignored.", "Pour les éditeurs ; ignoré."),
        "type": "string",
    },
    "rouage": word(
        Text("Format", "Format"),
        Text("Version of the recipe format.", "Version du format de recette."),
        {"enum": [FORMAT_VERSION]},
    ),
    "name": word(Text("Name", "Nom"), Text("The name people see.", "Le nom affiché."), _TEXT),
    "id": word(
        Text("Identity", "Identité"),
        Text(
            "What its history is kept under; the file name when left out.",
            "Ce sous quoi son histoire est gardée ; à défaut, le nom du fichier.",
        ),
        {"type": ["string", "number"], "pattern": RECIPE_ID_PATTERN},
    ),
    "description": word(
        Text("Description", "Description"),
        Text("What it is for.", "À quoi elle sert."),
        _TEXT,
    ),
    "tags": word(
        Text("Tags", "Étiquettes"),
        Text("To sort recipes.", "Pour classer les recettes."),
        {"type": "array", "items": _TEXT},
    ),
    "enabled": _ENABLED,
    "timezone": word(
        Text("Time zone", "Fuseau horaire"),
        Text("Such as `Europe/Paris`.", "Par exemple `Europe/Paris`."),
        {"type": "string", "examples": ["Europe/Paris"]},
    ),
    "inputs": word(
        Text("Inputs", "Entrées"),
        Text("What the user fills in.", "Ce que l’utilisateur remplit."),
        {"type": "object", "additionalProperties": obj(INPUT_WORDS, "type")},
    ),
    "vars": word(
        Text("Variables", "Variables"),
        Text("Values computed once per run.", "Valeurs calculées une fois par exécution."),
        _VALUES,
    ),
    "when": word(
        Text("When", "Quand"),
        Text("What starts the recipe.", "Ce qui déclenche la recette."),
        {"type": "array", "items": TRIGGER_REFERENCE},
    ),
    "if": _IF,
    "do": word(
        Text("Do", "Faire"),
        Text("The steps, in order.", "Les étapes, dans l’ordre."),
        {"type": "array", "minItems": 1, "items": STEP_REFERENCE},
    ),
    "on_error": word(
        Text("On error", "En cas d’erreur"),
        Text("Steps to take when the run fails.", "Étapes à suivre en cas d’échec."),
        {"type": "array", "items": STEP_REFERENCE},
    ),
    "concurrency": word(
        Text("Concurrency", "Simultanéité"),
        Text("How runs share the road.", "Comment les exécutions se partagent la route."),
        obj(CONCURRENCY_WORDS),
    ),
    "timeout": _TIMEOUT,
    "outputs": word(
        Text("Outputs", "Sorties"),
        Text("What a run gives back.", "Ce que rend une exécution."),
        _VALUES,
    ),
    "defaults": word(
        Text("Defaults", "Réglages communs"),
        Text("For every step without its own.", "Pour chaque étape qui n’a pas le sien."),
        obj({"retry": RETRY, "timeout": _TIMEOUT}),
    ),
}
