"""The names that expressions begin with, as completion and hover explain them."""

from collections.abc import Mapping
from typing import Final

from rouage.language import Text

ROOTS: Final[Mapping[str, Text]] = {
    "event": Text("what happened", "ce qui est arrivé"),
    "trigger": Text("the trigger that fired", "le déclencheur qui s’est manifesté"),
    "inputs": Text("what the user filled in", "ce que l’utilisateur a rempli"),
    "vars": Text("values computed once", "valeurs calculées une fois"),
    "steps": Text("results of the steps before", "résultats des étapes précédentes"),
    "secrets": Text("secrets by name", "secrets par leur nom"),
    "run": Text("the present run", "l’exécution en cours"),
    "recipe": Text("this recipe", "cette recette"),
    "error": Text("what went wrong", "ce qui a échoué"),
    "loop": Text("the present turn of the loop", "le tour de boucle en cours"),
}
