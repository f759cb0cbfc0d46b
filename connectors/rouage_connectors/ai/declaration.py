"""The connector `ai`, and the parameters that its actions share."""

from typing import Final

from rouage.sdk import JSON, Connector, Text

connector = Connector(
    "ai",
    title=Text("Language models", "Modèles de langage"),
    about=Text(
        "Language models: texts and facts from any service that speaks like OpenAI, or from a "
        "model on your own machine; off until you describe an account.",
        "Modèles de langage : textes et faits de tout service qui parle comme OpenAI, ou d’un "
        "modèle sur votre machine ; éteint tant que vous n’avez pas décrit de compte.",
    ),
)

KIND: Final = "ai"

ACCOUNT_TITLE: Final = Text("Account", "Compte")
ACCOUNT: Final = Text(
    "Which account of type ai in rouage.yaml; the only one, unless given.",
    "Quel compte de type ai dans rouage.yaml ; le seul, sauf indication.",
)
MODEL_TITLE: Final = Text("Model", "Modèle")
MODEL: Final = Text(
    "Which model; that of the account, unless given.",
    "Quel modèle ; celui du compte, sauf indication.",
)
MOST_TITLE: Final = Text("Longest answer", "Réponse la plus longue")
MOST: Final = Text(
    "How long the answer may be, in tokens (about four letters each).",
    "Longueur maximale de la réponse, en jetons (environ quatre lettres chacun).",
)
CACHE_TITLE: Final = Text("Keep answers for", "Garder les réponses")
CACHE: Final = Text(
    "How long the same question gets the same answer without asking again; 0s asks each time.",
    "Combien de temps la même question reçoit la même réponse sans redemander ; 0s redemande "
    "à chaque fois.",
)
TIMEOUT_TITLE: Final = Text("Time limit", "Délai")
TIMEOUT: Final = Text("How long the answer may take.", "Le temps laissé à la réponse.")

USED: Final[dict[str, JSON]] = {
    "model": {"type": "string"},
    "cached": {"type": "boolean", "description": "Whether it was known already, at no cost"},
    "tokens": {"type": "integer", "description": "Tokens used, question and answer"},
    "cost": {
        "type": ["number", "null"],
        "description": "What it cost by the prices of the account, if it has any",
    },
}
"""What is told of every answer: where it came from, and what it cost."""
