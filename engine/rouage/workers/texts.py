"""Why an isolated action was stopped, in the user's words."""

from typing import Final

from rouage.language import Text

OUT_OF_TIME: Final = Text(
    "{action} was stopped after {seconds} s, the longest it may take; what it did is unknown",
    "{action} a été arrêtée après {seconds} s, sa durée maximale ; ce qu’elle a fait est inconnu",
)
OUT_OF_PROCESSOR: Final = Text(
    "{action} was stopped: it computed for more than {seconds} s; what it did is unknown",
    "{action} a été arrêtée : elle a calculé plus de {seconds} s ; ce qu’elle a fait est inconnu",
)
OUT_OF_MEMORY: Final = Text(
    "{action} was stopped: it needs more than {limit} MiB of memory; what it did is unknown",
    "{action} a été arrêtée : il lui faut plus de {limit} Mio de mémoire ; ce qu’elle a fait est "
    "inconnu",
)
CRASHED: Final = Text(
    "{action} crashed ({signal}); what it did is unknown",
    "{action} s’est effondrée ({signal}) ; ce qu’elle a fait est inconnu",
)
LEFT: Final = Text(
    "{action} ended its process (exit code {code}) without a result; what it did is unknown",
    "{action} a quitté son processus (code {code}) sans résultat ; ce qu’elle a fait est inconnu",
)
SILENT: Final = Text(
    "{action} cut its connection to Rouage and was stopped; what it did is unknown",
    "{action} a coupé sa liaison avec Rouage et a été arrêtée ; ce qu’elle a fait est inconnu",
)
SAID_TOO_MUCH: Final = Text(
    "{action} was stopped: it printed or logged more than {limit} KiB; what it did is unknown",
    "{action} a été arrêtée : elle a affiché ou journalisé plus de {limit} Kio ; ce qu’elle a fait "
    "est inconnu",
)
RESULT_TOO_LARGE: Final = Text(
    "{action} gave back more than {limit} MiB",
    "{action} a rendu plus de {limit} Mio",
)
RESULT_HINT: Final = Text(
    "large data belongs into a file: give back its path",
    "les données volumineuses vont dans un fichier : rendez son chemin",
)
NOT_JSON: Final = Text(
    "the action {action} returned something that cannot be recorded",
    "l’action {action} a rendu un résultat qui ne peut pas être enregistré",
)
UNEXPECTED: Final = Text(
    "the action {action} failed in an unexpected way ({kind}); the log of the daemon has details",
    "l’action {action} a échoué de façon inattendue ({kind}) ; le journal du service en dit plus",
)
GIBBERISH: Final = Text(
    "{action} disturbed its connection to Rouage and was stopped; what it did is unknown",
    "{action} a brouillé sa liaison avec Rouage et a été arrêtée ; ce qu’elle a fait est inconnu",
)
NOT_STARTED: Final = Text(
    "no process could be started for {action}: {reason}",
    "aucun processus n’a pu être lancé pour {action} : {reason}",
)
NOT_LOADED: Final = Text(
    "{action} could not be loaded into a process of its own: {reason}",
    "{action} n’a pas pu être chargée dans son propre processus : {reason}",
)
TOO_MANY_WAIT: Final = Text(
    "too many steps wait for a free process already",
    "trop d’étapes attendent déjà un processus libre",
)
RESTING: Final = Text(
    "{action} had to be stopped {count} times in a row for this recipe; it may try again later",
    "{action} a dû être arrêtée {count} fois de suite pour cette recette ; nouvel essai plus tard",
)
CLOSING: Final = Text("Rouage is stopping", "Rouage est en train de s’arrêter")
NOT_YOURS: Final = Text(
    "an action may only note effects under its own key",
    "une action ne peut noter d’effets que sous sa propre clé",
)
NOT_YOUR_ACCOUNT: Final = Text(
    "{action} may not use accounts of type “{kind}”, only those of its own connector",
    "{action} ne peut pas employer de compte « {kind} », seulement ceux de son connecteur",
)
NO_COMPOSING: Final = Text(
    "an isolated action can only append bytes: set isolated=False to compose them from the file",
    "une action isolée ne peut ajouter que des octets : isolated=False permet de les composer "
    "d’après le fichier",
)
SLOW_START: Final = Text(
    "the process was not ready after {seconds} s", "le processus n’était pas prêt après {seconds} s"
)
DROPPED: Final = Text(
    "{count} more lines of {action} were dropped", "{count} autres lignes de {action} écartées"
)
