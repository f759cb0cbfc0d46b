"""The engine's own words in `do`: what a step can be besides an action of a connector."""

from collections.abc import Mapping
from typing import Final

from rouage.catalog.forms import INPUTS
from rouage.catalog.words import (
    BOOLEAN,
    CONDITION,
    DURATION,
    EXPRESSION_PATTERN,
    IF,
    RECIPE_ID_PATTERN,
    STEP_ID_PATTERN,
    STEPS,
    TEXT,
    TIMEOUT,
    TRIGGER_REFERENCE,
    VALUES,
    Shape,
    obj,
    word,
)
from rouage.language import Text
from rouage.sdk.business import WORKING_DAYS_PATTERN
from rouage.sdk.quantities import DURATION_PATTERN

_DO: Final = word(
    Text("Do", "Faire"), Text("The steps inside, in order.", "Les étapes, dans l’ordre."), STEPS
)
_EXPRESSION_OR_DURATION: Final[Shape] = {
    **DURATION,
    "pattern": f"(?:{DURATION_PATTERN}(?!\\n))|(?:{EXPRESSION_PATTERN})",
}
_LENGTH_OF_WAIT: Final[Shape] = {
    **_EXPRESSION_OR_DURATION,
    "pattern": f"{_EXPRESSION_OR_DURATION['pattern']}|(?:{WORKING_DAYS_PATTERN}(?!\\n))",
    "patternErrorMessage": Text(
        "a duration such as 30s, 5m, 2h30m, 3d, 1w or 3 working days",
        "une durée comme 30s, 5m, 2h30m, 3d, 1w ou 3 jours ouvrés",
    ),
}
# No days at all, or years of them, are a slip of the pen.
_TERM_IN_DAYS: Final = WORKING_DAYS_PATTERN.replace(r"\d{1,4}", r"[1-9]\d{0,2}")
_TERM: Final[Shape] = {
    **DURATION,
    "pattern": f"(?:{DURATION_PATTERN}(?!\\n))|(?:{_TERM_IN_DAYS}(?!\\n))",
    "patternErrorMessage": _LENGTH_OF_WAIT["patternErrorMessage"],
    "examples": ["1h", "3d", "3 working days"],
}
_ON_TIMEOUT: Final = Text("When time is up", "Passé le délai")
_PEOPLE: Final[Shape] = {"type": "array", "minItems": 1, "items": TEXT}

_STOP: Final[Mapping[str, Shape]] = {
    "text": word(
        Text("Text", "Texte"),
        Text("Why the run stops here.", "Pourquoi l’exécution s’arrête ici."),
        TEXT,
    ),
    "result": word(
        Text("Result", "Résultat"),
        Text("How the run ends.", "Comment l’exécution se termine."),
        {"enum": ["succeeded", "failed", "skipped"], "default": "succeeded"},
    ),
    "outputs": word(
        Text("Outputs", "Sorties"),
        Text("What the run gives back.", "Ce que l’exécution rend."),
        VALUES,
    ),
}
_BRANCH: Final[Mapping[str, Shape]] = {"if": IF, "do": _DO}
_FOR_EACH: Final[Mapping[str, Shape]] = {
    "in": word(
        Text("In", "Dans"),
        Text("The list to go through.", "La liste à parcourir."),
        {"type": ["array", "string"], "pattern": EXPRESSION_PATTERN},
    ),
    "as": word(
        Text("As", "Nommé"),
        Text(
            "The name of the present item in expressions.",
            "Le nom de l’élément en cours dans les expressions.",
        ),
        {"type": "string", "pattern": STEP_ID_PATTERN, "default": "item"},
    ),
    "do": _DO,
    "max_parallel": word(
        Text("At once", "À la fois"),
        Text("How many items at once.", "Combien d’éléments à la fois."),
        {"type": "integer", "minimum": 1, "maximum": 100, "default": 1},
    ),
    "on_item_error": word(
        Text("When an item fails", "Si un élément échoue"),
        Text(
            "`stop` at the first, `continue` with the next, or `collect`: do all, then fail.",
            "`stop` au premier, `continue` avec le suivant, ou `collect` : tout faire puis "
            "échouer.",
        ),
        {"enum": ["stop", "continue", "collect"], "default": "stop"},
    ),
}
_REPEAT: Final[Mapping[str, Shape]] = {
    "times": word(
        Text("Times", "Fois"),
        Text("How often.", "Combien de fois."),
        {
            "type": ["integer", "string"],
            "minimum": 0,
            "maximum": 100_000,
            "pattern": EXPRESSION_PATTERN,
        },
    ),
    "while": word(
        Text("While", "Tant que"),
        Text("Looked at before each turn.", "Vérifié avant chaque tour."),
        CONDITION,
    ),
    "until": word(
        Text("Until", "Jusqu’à"),
        Text("Looked at after each turn.", "Vérifié après chaque tour."),
        CONDITION,
    ),
    "max": word(
        Text("At most", "Au plus"),
        Text("More turns than this are a failure.", "Au-delà, c’est un échec."),
        {"type": "integer", "minimum": 1, "maximum": 100_000, "default": 1000},
    ),
    "wait": word(
        Text("Wait", "Attente"),
        Text("Pause between two turns.", "Pause entre deux tours."),
        _EXPRESSION_OR_DURATION,
    ),
    "do": _DO,
}
_PARALLEL: Final[Mapping[str, Shape]] = {
    "branches": word(
        Text("Branches", "Branches"),
        Text("Steps under a name of their own each.", "Des étapes sous un nom pour chacune."),
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": STEPS,
        },
    ),
    "join": word(
        Text("Join", "Réunion"),
        Text(
            "Go on after `all` branches, or after `any` first one.",
            "Poursuivre après toutes (`all`), ou après la première (`any`).",
        ),
        {"enum": ["all", "any"], "default": "all"},
    ),
}
_WAIT: Final[Mapping[str, Shape]] = {
    "for": word(
        Text("For", "Pendant"),
        Text(
            "How long: `2h30m`, or `3 working days`.",
            "Combien de temps : `2h30m`, ou `3 jours ouvrés`.",
        ),
        _LENGTH_OF_WAIT,
    ),
    "until": word(
        Text("Until", "Jusqu’à"),
        Text(
            "A time of day (`18:00`), a date and time, an expression that gives one, or `open`: "
            "the next opening of the business.",
            "Une heure (`18:00`), une date et heure, une expression qui en donne une, ou `open` : "
            "la prochaine ouverture de l’entreprise.",
        ),
        {"type": "string", "examples": ["18:00", "2026-12-24 09:00", "open"]},
    ),
    "event": word(
        Text("Event", "Événement"),
        Text(
            "A trigger to wait for, as under `when`.",
            "Un déclencheur à attendre, comme sous `when`.",
        ),
        TRIGGER_REFERENCE,
    ),
    "if": word(
        Text("If", "Si"),
        Text(
            "Which event is meant. `event` is the one that came, `run.event` the one that "
            "started the run.",
            "De quel événement il s’agit : `event` est celui qui arrive, `run.event` celui qui "
            "a lancé l’exécution.",
        ),
        CONDITION,
    ),
    "timeout": TIMEOUT,
    "on_timeout": word(
        _ON_TIMEOUT,
        Text(
            "`stop` fails, `continue` goes on without an event; or steps to take.",
            "`stop` échoue, `continue` poursuit sans événement ; ou des étapes à suivre.",
        ),
        {
            "type": ["string", "array"],
            "pattern": r"^(?:stop|continue)$(?!\n)",
            "minItems": 1,
            "items": STEPS["items"],
        },
    ),
}
_APPROVE: Final[Mapping[str, Shape]] = {
    "ask": word(Text("Ask", "Question"), Text("What is asked.", "Ce qui est demandé."), TEXT),
    "show": word(
        Text("Show", "À montrer"),
        Text("Files, texts and tables to decide by.", "Fichiers, textes et tableaux pour décider."),
        {"type": ["array", "string"]},
    ),
    "fields": word(
        Text("Fields", "Champs"),
        Text(
            "What the person may fill in or correct; `default` is what is proposed.",
            "Ce que la personne peut remplir ou corriger ; `default` est la proposition.",
        ),
        INPUTS,
    ),
    "via": word(Text("Via", "Par"), Text("How people are told.", "Comment on prévient."), _PEOPLE),
    "from": word(
        Text("From", "De qui"),
        Text(
            "Who may answer; anyone with access when left out.",
            "Qui peut répondre ; à défaut, quiconque a accès.",
        ),
        _PEOPLE,
    ),
    "then": word(
        Text("Then", "Sinon"),
        Text("Whom to ask when time is up.", "Qui interroger passé le délai."),
        _PEOPLE,
    ),
    "remind": word(
        Text("Remind", "Relance"),
        Text("Ask again each time so long has passed.", "Relancer chaque fois après ce temps."),
        _TERM,
    ),
    "need": word(
        Text("Needed", "Nécessaires"),
        Text("How many people must say yes.", "Combien de personnes doivent accepter."),
        {"type": "integer", "minimum": 1, "maximum": 20, "default": 1},
    ),
    "timeout": word(
        Text("Deadline", "Délai"),
        Text(
            "How long people have to answer; `on_timeout` must say what happens then.",
            "Combien de temps pour répondre ; `on_timeout` doit dire ce qui se passe ensuite.",
        ),
        _TERM,
    ),
    "on_timeout": word(
        _ON_TIMEOUT,
        Text(
            "`refuse`, `stop` (a failure), `escalate` (ask `then`), or steps. The clock never "
            "says yes.",
            "`refuse`, `stop` (un échec), `escalate` (interroger `then`), ou des étapes. "
            "L’horloge n’accepte jamais.",
        ),
        {
            "type": ["string", "array"],
            "pattern": r"^(?:refuse|stop|escalate)$(?!\n)",
            "minItems": 1,
            "items": STEPS["items"],
        },
    ),
}
_CALL: Final[Mapping[str, Shape]] = {
    "recipe": word(
        Text("Recipe", "Recette"),
        Text("The identity of the recipe to run.", "L’identité de la recette à exécuter."),
        {"type": "string", "pattern": RECIPE_ID_PATTERN},
    ),
    "inputs": word(
        Text("Inputs", "Entrées"), Text("What it is given.", "Ce qu’on lui donne."), VALUES
    ),
    "background": word(
        Text("In the background", "En arrière-plan"),
        Text("`true`: do not wait for its end.", "`true` : ne pas attendre sa fin."),
        {**BOOLEAN, "default": False},
    ),
}
_EMIT: Final[Mapping[str, Shape]] = {
    "name": word(
        Text("Name", "Nom"),
        Text("What `chain.event` listens to.", "Ce que `chain.event` écoute."),
        TEXT,
    ),
    "data": word(Text("Data", "Données"), Text("What it carries.", "Ce qu’il porte."), VALUES),
}

ENGINE_WORDS: Final[Mapping[str, Shape]] = {
    "choose": word(
        Text("Choose", "Choisir"),
        Text(
            "Take the first branch whose `if` is true; the last may do without: otherwise. "
            "The choice is made once and recorded.",
            "Suit la première branche dont le `if` est vrai ; la dernière peut s’en passer "
            "(sinon). Le choix est fait une fois et noté.",
        ),
        {"type": "array", "minItems": 1, "items": obj(_BRANCH, "do")},
    ),
    "for_each": word(
        Text("For each", "Pour chaque"),
        Text(
            "Do the steps for every item of a list. Inside, `loop.index` counts from 1; after "
            "it, `steps.ID.results` holds what came of each.",
            "Fait les étapes pour chaque élément d’une liste. Dedans, `loop.index` compte à "
            "partir de 1 ; ensuite, `steps.ID.results` contient ce que chacun a donné.",
        ),
        obj(_FOR_EACH, "in", "do"),
    ),
    "repeat": word(
        Text("Repeat", "Répéter"),
        Text(
            "Do the steps so many `times`, `while` or `until` something holds: exactly one of "
            "the three.",
            "Fait les étapes tant de fois (`times`), tant que (`while`) ou jusqu’à ce que "
            "(`until`) : un seul des trois.",
        ),
        obj(_REPEAT, "do"),
    ),
    "parallel": word(
        Text("In parallel", "En parallèle"),
        Text(
            "Do several branches at once. One that waits does not hold up the others.",
            "Fait plusieurs branches à la fois. Celle qui attend ne retient pas les autres.",
        ),
        obj(_PARALLEL, "branches"),
    ),
    "group": word(
        Text("Group", "Groupe"),
        Text(
            "Steps that share one `retry`, `timeout` and `on_error`. A retry repeats only what "
            "failed.",
            "Des étapes qui partagent un `retry`, un `timeout` et un `on_error`. Un nouvel essai "
            "ne refait que ce qui a échoué.",
        ),
        obj({"do": _DO}, "do"),
    ),
    "wait": word(
        Text("Wait", "Attendre"),
        Text(
            "Wait for a while (`wait: 1h`), until a time, or for an event; a restart changes "
            "nothing.",
            "Attend un temps (`wait: 1h`), une heure ou un événement ; un redémarrage n’y change "
            "rien.",
        ),
        {
            **obj(_WAIT, types=["string", "object"]),
            "pattern": _LENGTH_OF_WAIT["pattern"],
            "patternErrorMessage": _LENGTH_OF_WAIT["patternErrorMessage"],
            "examples": ["1h", "3d", "3 working days"],
        },
    ),
    "approve": word(
        Text("Ask for approval", "Faire valider"),
        Text(
            "Wait until a person says yes. After a no, the run ends. `approve: QUESTION` is "
            "short for it.",
            "Attend qu’une personne accepte. Après un refus, l’exécution se termine. En bref : "
            "`approve: QUESTION`.",
        ),
        obj(_APPROVE, "ask", types=["string", "object"]),
    ),
    "call": word(
        Text("Call a recipe", "Appeler une recette"),
        Text(
            "Run another recipe; its `outputs` are the result. `call: ID` is short for it.",
            "Exécute une autre recette ; ses `outputs` sont le résultat. En bref : `call: ID`.",
        ),
        {**obj(_CALL, "recipe", types=["string", "object"]), "pattern": RECIPE_ID_PATTERN},
    ),
    "emit": word(
        Text("Emit an event", "Émettre un événement"),
        Text(
            "Tell the recipes that listen with `chain.event`. `emit: NAME` is short for it.",
            "Prévient les recettes qui écoutent par `chain.event`. En bref : `emit: NOM`.",
        ),
        obj(_EMIT, "name", types=["string", "object"]),
    ),
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
        obj(_STOP, types=["string", "number", "object", "null"]),
    ),
}
