"""The words of a recipe, as JSON Schema whose titles and descriptions are bilingual texts.

This is the one description of the engine's own words: validation, editor schema and pages
are readings of it. `rouage.catalog.schema` turns the texts into one language and adds what
the connectors offer.
"""

from collections.abc import Mapping
from typing import Final

from rouage.catalog.blocks import ENGINE_WORDS
from rouage.catalog.braking import HOLD, LIMITS, TRUST
from rouage.catalog.forms import INPUTS
from rouage.catalog.keeping import KEEP
from rouage.catalog.liveness import ALIVE
from rouage.catalog.origin import GALLERY
from rouage.catalog.shaping import SHAPING_KEYS
from rouage.catalog.words import (
    BOOLEAN,
    DURATION,
    EXPRESSION_PATTERN,
    FORMAT_VERSION,
    IF,
    RECIPE_ID_PATTERN,
    STEP_ID_PATTERN,
    STEP_REFERENCE,
    TEXT,
    TIMEOUT,
    TRIGGER_REFERENCE,
    VALUES,
    Shape,
    obj,
    word,
)
from rouage.language import Text

__all__ = [
    "ENGINE_WORDS",
    "EXPRESSION_PATTERN",
    "FORMAT_VERSION",
    "MISSED_CHOICES",
    "RECIPE_ID_PATTERN",
    "RETRY",
    "STEP_ID_PATTERN",
    "STEP_KEYS",
    "TOP_WORDS",
    "TRIGGER_KEYS",
    "Shape",
    "obj",
    "word",
]

_ENABLED: Final = word(
    Text("Enabled", "Active"),
    Text("`false` switches this off without deleting it.", "`false` met en sommeil sans effacer."),
    {**BOOLEAN, "default": True},
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
        DURATION,
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
        DURATION,
    ),
    "max_total": word(
        Text("Total time", "Durée totale"),
        Text("Give up after this time.", "Abandonner après cette durée."),
        DURATION,
    ),
    "when": word(
        Text("When", "Quand"),
        Text(
            "Which failures are worth it: kinds, or an expression over `error`.",
            "Quels échecs valent la peine : des sortes, ou une expression sur `error`.",
        ),
        {"type": ["string", "array"], "minItems": 1, "items": {"type": "string"}},
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
        {"type": "integer", "minimum": 1, "maximum": 1_000},
    ),
    "max_age": word(
        Text("Oldest", "Âge maximal"),
        Text("Older instants are dropped.", "Les instants plus anciens sont abandonnés."),
        DURATION,
    ),
}
MISSED_CHOICES: Final = ("last", "all", "skip")

TRIGGER_KEYS: Final[Mapping[str, Shape]] = {
    "id": word(
        Text("Name of this trigger", "Nom de ce déclencheur"),
        Text("Read as `trigger.id` in expressions.", "Se lit `trigger.id` dans les expressions."),
        {"type": ["string", "number"], "pattern": RECIPE_ID_PATTERN},
    ),
    "if": IF,
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
    **SHAPING_KEYS,
    "alive": ALIVE,
    "enabled": _ENABLED,
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
        TEXT,
    ),
    "if": IF,
    "timeout": TIMEOUT,
    "retry": RETRY,
    "once": word(
        Text("Once", "Une seule fois"),
        Text(
            "A key under which all recipes know this effect: it is not done again.",
            "Une clé sous laquelle toutes les recettes connaissent cet effet : pas refait.",
        ),
        TEXT,
    ),
    "hold": HOLD,
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
            "`queued`: one after the other. `parallel`: several at once. `single`: skip while one "
            "runs. `restart`: cancel it. `latest`: keep only the newest waiting.",
            "`queued` : l’une après l’autre. `parallel` : plusieurs à la fois. `single` : passer "
            "si l’une est en cours. `restart` : l’annuler. `latest` : garder la dernière arrivée.",
        ),
        {"enum": ["queued", "single", "restart", "parallel", "latest"], "default": "queued"},
    ),
    "key": word(
        Text("Key", "Clé"),
        Text(
            "Runs with the same value share a queue.",
            "Les exécutions de même valeur partagent une file.",
        ),
        TEXT,
    ),
    "max": word(
        Text("At most", "Au plus"),
        Text(
            "With `parallel`: how many run at once. With `queued`: how many may wait.",
            "Avec `parallel` : combien à la fois. Avec `queued` : combien peuvent attendre.",
        ),
        {"type": "integer", "minimum": 1, "maximum": 10_000},
    ),
    "when_full": word(
        Text("When full", "File pleine"),
        Text(
            "`refuse`: the sender is told. `skip`: this one is left out. `replace_oldest`: the "
            "longest waiting one is.",
            "`refuse` : l’expéditeur est prévenu. `skip` : celui-ci est laissé. `replace_oldest` : "
            "c’est celui qui attend depuis le plus longtemps.",
        ),
        {"enum": ["refuse", "skip", "replace_oldest"], "default": "refuse"},
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
    "name": word(Text("Name", "Nom"), Text("The name people see.", "Le nom affiché."), TEXT),
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
        TEXT,
    ),
    "tags": word(
        Text("Tags", "Étiquettes"),
        Text("To sort recipes.", "Pour classer les recettes."),
        {"type": "array", "items": TEXT},
    ),
    "gallery": GALLERY,
    "enabled": _ENABLED,
    "timezone": word(
        Text("Time zone", "Fuseau horaire"),
        Text("Such as `Europe/Paris`.", "Par exemple `Europe/Paris`."),
        {"type": "string", "examples": ["Europe/Paris"]},
    ),
    "inputs": word(
        Text("Inputs", "Entrées"),
        Text("What the user fills in.", "Ce que l’utilisateur remplit."),
        INPUTS,
    ),
    "vars": word(
        Text("Variables", "Variables"),
        Text("Values computed once per run.", "Valeurs calculées une fois par exécution."),
        VALUES,
    ),
    "when": word(
        Text("When", "Quand"),
        Text("What starts the recipe.", "Ce qui déclenche la recette."),
        {"type": "array", "items": TRIGGER_REFERENCE},
    ),
    "if": IF,
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
    "finally": word(
        Text("Finally", "À la fin"),
        Text("Steps to take whatever happened.", "Étapes à suivre quoi qu’il soit arrivé."),
        {"type": "array", "items": STEP_REFERENCE},
    ),
    "concurrency": word(
        Text("Concurrency", "Simultanéité"),
        Text("How runs share the road.", "Comment les exécutions se partagent la route."),
        obj(CONCURRENCY_WORDS),
    ),
    "timeout": TIMEOUT,
    "trust": TRUST,
    "limits": LIMITS,
    "keep": KEEP,
    "outputs": word(
        Text("Outputs", "Sorties"),
        Text("What a run gives back.", "Ce que rend une exécution."),
        VALUES,
    ),
    "defaults": word(
        Text("Defaults", "Réglages communs"),
        Text("For every step without its own.", "Pour chaque étape qui n’a pas le sien."),
        obj({"retry": RETRY, "timeout": TIMEOUT, "on_error": STEP_KEYS["on_error"]}),
    ),
}
