"""RG3xx references, RG5xx values, RG6xx connectors and secrets."""

from collections.abc import Mapping
from typing import Final

from rouage.analysis.catalogue.entry import Entry
from rouage.language import Text

REFERENCES: Final[Mapping[str, Entry]] = {
    "RG301": Entry(
        message=Text(
            "the step “{name}” comes later: it has no result yet",
            "l’étape « {name} » vient plus loin : elle n’a pas encore de résultat",
        ),
        remedy=Text("move that step above this one", "placez cette étape-là au-dessus de celle-ci"),
        bad='- log.write: {message: "${{ steps.b.path }}"}\n- files.copy: {…}\n  id: b',
        good='- files.copy: {…}\n  id: b\n- log.write: {message: "${{ steps.b.path }}"}',
    ),
    "RG302": Entry(
        message=Text("two steps have the id “{name}”", "deux étapes portent l’id « {name} »"),
        why=Text("steps.{name} would mean both", "steps.{name} désignerait les deux"),
        remedy=Text("rename one of them", "renommez l’une des deux"),
        bad="id: copy … id: copy",
        good="id: copy … id: copy_2",
    ),
    "RG303": Entry(
        message=Text(
            "two recipes have the id “{name}”; the one in {other} stays loaded",
            "deux recettes portent l’id « {name} » ; celle de {other} reste chargée",
        ),
        remedy=Text(
            "give this one another id: id: {suggestion}",
            "donnez un autre id à celle-ci : id: {suggestion}",
        ),
        bad="id: factures   (in two files)",
        good="id: factures_2",
    ),
    "RG304": Entry(
        message=Text("the input “{name}” has no value", "l’entrée « {name} » n’a pas de valeur"),
        why=Text(
            "this recipe starts by itself: nobody is there to fill it in",
            "cette recette part toute seule : personne n’est là pour la remplir",
        ),
        remedy=Text(
            "add default: here, or its value under inputs: in rouage.yaml",
            "ajoutez default: ici, ou sa valeur sous inputs: dans rouage.yaml",
        ),
        bad="accountant: {type: email}",
        good="accountant: {type: email, default: compta@exemple.fr}",
    ),
    "RG305": Entry(
        message=Text(
            "the step “{name}” is inside a loop: outside it has many results",
            "l’étape « {name} » est dans une boucle : au-dehors, elle a plusieurs résultats",
        ),
        remedy=Text(
            "read {results} of the loop, which needs an id:",
            "lisez {results} de la boucle, qui doit avoir un id:",
        ),
        bad="- for_each: {in: […], do: […]}   # id: a inside\n- …: ${{ steps.a.path }}",
        good="- for_each: …\n  id: all\n- …: ${{ steps.all.results }}",
    ),
    "RG306": Entry(
        message=Text(
            "the step “{name}” is in another branch: it has no result here",
            "l’étape « {name} » est dans une autre branche : elle n’a pas de résultat ici",
        ),
        remedy=Text(
            "read it after all the branches, or put both steps into one",
            "lisez-le après toutes les branches, ou mettez les deux étapes dans la même",
        ),
        bad="parallel: {branches: {a: [… id: x], b: [… steps.x …]}}",
        good="parallel: {branches: {a: [… id: x, … steps.x …], b: […]}}",
    ),
    "RG307": Entry(
        message=Text(
            "no recipe in this folder has the id “{name}”",
            "aucune recette de ce dossier ne porte l’id « {name} »",
        ),
        why=Text(
            "the step fails as long as it is not there",
            "l’étape échoue tant qu’elle n’est pas là",
        ),
        remedy=Text(
            "check the spelling, or add that recipe",
            "vérifiez l’orthographe, ou ajoutez cette recette",
        ),
        bad="call: archiv",
        good="call: archive",
    ),
    "RG308": Entry(
        message=Text(
            "two triggers have the id “{name}”", "deux déclencheurs portent l’id « {name} »"
        ),
        remedy=Text("rename one of them", "renommez l’un des deux"),
        bad="id: daily … id: daily",
        good="id: daily … id: weekly",
    ),
}

VALUES: Final[Mapping[str, Entry]] = {
    "RG501": Entry(
        message=Text("“{value}” is not a duration", "« {value} » n’est pas une durée"),
        remedy=Text(
            "write 10s, 5m, 2h30m, 3d or 1w", "écrivez 10s, 5m, 2h30m, 3d (jours) ou 1w (semaine)"
        ),
        bad="timeout: 5 minutes",
        good="timeout: 5m",
    ),
    "RG502": Entry(
        message=Text(
            "the time zone “{value}” does not exist", "le fuseau horaire « {value} » n’existe pas"
        ),
        remedy=Text("write it like Europe/Paris", "écrivez-le comme Europe/Paris"),
        bad="timezone: Paris",
        good="timezone: Europe/Paris",
    ),
    "RG503": Entry(
        message=Text("“{value}” is not a time of day", "« {value} » n’est pas une heure"),
        remedy=Text('write it like "22:30"', 'écrivez-la sous la forme "22:30"'),
        bad="at: 22h30",
        good='at: "22:30"',
    ),
    "RG504": Entry(
        message=Text("“{value}” cannot be an id", "« {value} » ne peut pas être un id"),
        why=Text(
            "an id is used in file names, addresses and expressions",
            "un id sert dans les noms de fichiers, les adresses et les expressions",
        ),
        remedy=Text(
            "use lower case letters, digits and underscores, without spaces or accents",
            "employez des minuscules, des chiffres et des tirets bas, sans espace ni accent",
        ),
        bad="id: Ma Recette",
        good="id: ma_recette",
    ),
    "RG505": Entry(
        message=Text(
            "the name of this file cannot be the id of the recipe",
            "le nom de ce fichier ne peut pas être l’id de la recette",
        ),
        remedy=Text("add an id: line", "ajoutez une ligne id:"),
        bad="«».yaml",
        good="id: factures",
    ),
    "RG506": Entry(
        message=Text(
            "“{value}” is not an e-mail address",
            "« {value} » n’est pas une adresse e-mail",
        ),
        remedy=Text("write it like name@example.com", "écrivez-la comme nom@exemple.fr"),
        bad="to: durand",
        good="to: durand@exemple.fr",
    ),
    "RG507": Entry(
        message=Text(
            "the default of “{name}” does not fit its type, {type}",
            "la valeur par défaut de « {name} » ne convient pas à son type, {type}",
        ),
        remedy=Text("change the default or the type", "changez la valeur ou le type"),
        bad="days: {type: integer, default: sept}",
        good="days: {type: integer, default: 7}",
    ),
    "RG508": Entry(
        message=Text("“{value}” is not a web address", "« {value} » n’est pas une adresse web"),
        remedy=Text("write it with https://", "écrivez-la avec https://"),
        bad="url: exemple.fr",
        good="url: https://exemple.fr",
    ),
    "RG509": Entry(
        message=Text("{reason}", "{reason}"),
        remedy=Text("correct the value", "corrigez la valeur"),
        bad="priority: 9",
        good="priority: 5",
    ),
    "RG510": Entry(
        message=Text("{owner}: {reason}", "{owner} : {reason}"),
        remedy=Text("correct the value", "corrigez la valeur"),
        bad='expression: "61 * * * *"',
        good='expression: "59 * * * *"',
    ),
    "RG511": Entry(
        message=Text(
            "“{value}” is neither a time of day nor a date and time",
            "« {value} » n’est ni une heure, ni une date et heure",
        ),
        remedy=Text(
            'write "18:00", "2026-12-24 09:00", or an expression that gives one',
            'écrivez "18:00", "2026-12-24 09:00", ou une expression qui en donne une',
        ),
        bad="wait: {until: 18h}",
        good='wait: {until: "18:00"}',
    ),
    "RG512": Entry(
        message=Text("“{value}” is not a rate", "« {value} » n’est pas une cadence"),
        remedy=Text(
            "write how many in which time: 20 per 1h",
            "écrivez combien en combien de temps : 20 per 1h",
        ),
        bad="throttle: 20",
        good="throttle: 20 per 1h",
    ),
    "RG513": Entry(
        message=Text(
            "“{word}” sends nothing out: there is nothing to hold back",
            "« {word} » n’envoie rien au-dehors : il n’y a rien à retenir",
        ),
        remedy=Text(
            "take `hold` away, or pause with a `wait` step",
            "retirez `hold`, ou attendez par une étape `wait`",
        ),
        bad="- files.copy: {…}\n  hold: 10m",
        good="- mail.send: {…}\n  hold: 10m",
    ),
    "RG514": Entry(
        message=Text(
            "no step of this recipe counts in “{value}”",
            "aucune étape de cette recette ne compte en « {value} »",
        ),
        why=Text("the limit would never be reached", "la limite ne serait jamais atteinte"),
        remedy=Text("its effects count in: {known}", "ses effets comptent en : {known}"),
        bad="limits: {file: 50}",
        good="limits: {files: 50}",
    ),
    "RG515": Entry(
        message=Text(
            "“{value}” is too short: the past is looked through once an hour",
            "« {value} » est trop court : le passé est parcouru une fois par heure",
        ),
        remedy=Text("write one hour or more: 1d", "écrivez une heure ou plus : 1d"),
        bad="keep: {for: 5m}",
        good="keep: {for: 1d}",
    ),
}

CONNECTORS: Final[Mapping[str, Entry]] = {
    "RG603": Entry(
        message=Text(
            "“{name}” is not available: the connector “{connector}” could not be loaded",
            "« {name} » n’est pas disponible : le connecteur « {connector} » ne s’est pas chargé",
        ),
        remedy=Text(
            "see why with rouage status, then repair or reinstall it",
            "voyez pourquoi par rouage status, puis réparez-le ou réinstallez-le",
        ),
        bad="- mail.send: {…}   (connector broken)",
        good="- mail.send: {…}   (connector reinstalled)",
    ),
}
