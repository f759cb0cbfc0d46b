"""RG2xx: the shape of a recipe, its words and their values."""

from collections.abc import Mapping
from typing import Final

from rouage.analysis.catalogue.entry import Entry
from rouage.language import Text

_REFERENCE: Final = Text(
    "see the words that exist: rouage schema", "voyez les mots qui existent : rouage schema"
)

STRUCTURE: Final[Mapping[str, Entry]] = {
    "RG201": Entry(
        message=Text("this file is empty", "ce fichier est vide"),
        remedy=Text(
            "write name:, when: and do:, or delete the file",
            "écrivez name:, when: et do:, ou supprimez le fichier",
        ),
        bad="",
        good="name: Bonjour\ndo:\n  - log.write: {message: Bonjour}",
    ),
    "RG202": Entry(
        message=Text(
            "a recipe is made of lines “name: value”",
            "une recette est faite de lignes « nom: valeur »",
        ),
        remedy=Text(
            "start with name:, when: and do:; mind the space after each colon",
            "commencez par name:, when: et do: ; attention à l’espace après chaque deux-points",
        ),
        bad="- log.write: {message: Bonjour}",
        good="name: Bonjour\ndo:\n  - log.write: {message: Bonjour}",
    ),
    "RG203": Entry(
        message=Text(
            "“{name}” wants a list: a dash before each entry",
            "« {name} » attend une liste : mettez un tiret devant chaque entrée",
        ),
        remedy=Text('write "- " before each entry', "écrivez « - » devant chaque entrée"),
        bad="do:\n  log.write: {message: a}",
        good="do:\n  - log.write: {message: a}",
    ),
    "RG204": Entry(
        message=Text(
            "this entry is no action with its parameters",
            "cette entrée n’est pas une action avec ses paramètres",
        ),
        remedy=Text(
            "write - connector.action: and its parameters below, indented",
            "écrivez - connecteur.action: et ses paramètres dessous, en retrait",
        ),
        bad="do:\n  - Bonjour",
        good="do:\n  - log.write: {message: Bonjour}",
    ),
    "RG205": Entry(
        message=Text(
            "this entry names no action and no trigger",
            "cette entrée ne nomme ni action ni déclencheur",
        ),
        why=Text(
            "words such as if, id or retry stand beside an action",
            "des mots comme if, id ou retry vont à côté d’une action",
        ),
        remedy=Text(
            "add the action, or join this entry with the one above (one dash too many?)",
            "ajoutez l’action, ou rattachez l’entrée à celle du dessus (un tiret de trop ?)",
        ),
        bad="- if: event.file.size > 0",
        good="- log.write: {message: a}\n  if: event.file.size > 0",
    ),
    "RG206": Entry(
        message=Text(
            "two in one entry: “{first}” and “{second}”",
            "deux dans une seule entrée : « {first} » et « {second} »",
        ),
        why=Text("each entry holds exactly one", "chaque entrée en contient exactement un"),
        remedy=Text("write “- ” before “{second}”", "mettez « - » devant « {second} »"),
        bad="- files.copy: {…}\n  log.write: {message: a}",
        good="- files.copy: {…}\n- log.write: {message: a}",
    ),
    "RG207": Entry(
        message=Text(
            "a space is missing after the colon of “{name}”",
            "il manque une espace après le deux-points de « {name} »",
        ),
        remedy=Text("write “{name}: …”", "écrivez « {name}: … »"),
        bad="- log.write:Bonjour",
        good="- log.write: {message: Bonjour}",
    ),
    "RG209": Entry(
        message=Text(
            "unknown word “{name}” in a recipe", "mot inconnu « {name} » dans une recette"
        ),
        remedy=_REFERENCE,
        bad="quand: []",
        good="when: []",
    ),
    "RG210": Entry(
        message=Text("unknown action “{name}”", "action inconnue « {name} »"),
        remedy=Text(
            "check the spelling, or install the connector that offers it",
            "vérifiez l’orthographe, ou installez le connecteur qui l’offre",
        ),
        bad="- files.mvoe: {…}",
        good="- files.move: {…}",
    ),
    "RG211": Entry(
        message=Text(
            "unknown parameter “{name}” for {owner}", "paramètre inconnu « {name} » pour {owner}"
        ),
        remedy=_REFERENCE,
        bad="- log.write: {mesage: a}",
        good="- log.write: {message: a}",
    ),
    "RG212": Entry(
        message=Text("“{names}” is missing in {owner}", "il manque « {names} » dans {owner}"),
        remedy=Text(
            "add it below, indented: {names}: …", "ajoutez dessous, en retrait : {names}: …"
        ),
        bad="- files.move: {source: a}",
        good="- files.move: {source: a, target: b}",
    ),
    "RG213": Entry(
        message=Text(
            "unknown word “{name}” beside the entry", "mot inconnu « {name} » à côté de l’entrée"
        ),
        why=Text(
            "beside an action or a trigger stand only the words common to all",
            "à côté d’une action ou d’un déclencheur ne vont que les mots communs à tous",
        ),
        remedy=Text(
            "a parameter belongs one level deeper, below the action",
            "un paramètre se met un cran plus loin, sous l’action",
        ),
        bad="- log.write: {message: a}\n  retires: 3",
        good="- log.write: {message: a}\n  retry: 3",
    ),
    "RG214": Entry(
        message=Text("unknown trigger “{name}”", "déclencheur inconnu « {name} »"),
        remedy=Text(
            "check the spelling, or install the connector that offers it",
            "vérifiez l’orthographe, ou installez le connecteur qui l’offre",
        ),
        bad="- folder.fiel: {path: a}",
        good="- folder.file: {path: a}",
    ),
    "RG215": Entry(
        message=Text("the recipe lacks “{names}”", "il manque « {names} » à la recette"),
        remedy=Text("a recipe has at least name: and do:", "une recette a au moins name: et do:"),
        bad="name: Bonjour",
        good="name: Bonjour\ndo:\n  - log.write: {message: Bonjour}",
    ),
    "RG216": Entry(
        message=Text(
            "“{name}” wants {wanted}, not {found}", "« {name} » attend {wanted}, pas {found}"
        ),
        remedy=Text("write {wanted}", "écrivez {wanted}"),
        bad="tags: factures",
        good="tags: [factures]",
    ),
    "RG217": Entry(
        message=Text(
            "{value} is not allowed for “{name}”", "{value} n’est pas permis pour « {name} »"
        ),
        remedy=Text("choose one of: {choices}", "choisissez parmi : {choices}"),
        bad="on_conflict: renmae",
        good="on_conflict: rename",
    ),
    "RG218": Entry(
        message=Text(
            "write true or false, not “{value}”", "écrivez true ou false, pas « {value} »"
        ),
        why=Text(
            "in a recipe, yes and no are texts", "dans une recette, oui et non sont des textes"
        ),
        remedy=Text("true for yes, false for no", "true pour oui, false pour non"),
        bad="enabled: yes",
        good="enabled: true",
    ),
    "RG219": Entry(
        message=Text(
            "“{value}” does not have the form that “{name}” wants",
            "« {value} » n’a pas la forme que « {name} » attend",
        ),
        remedy=_REFERENCE,
        bad="path: /Commandes du jour",
        good="path: commandes",
    ),
    "RG220": Entry(
        message=Text("“{name}” wants {wanted}", "« {name} » attend {wanted}"),
        remedy=Text("write {wanted}", "écrivez {wanted}"),
        bad="retry: -1",
        good="retry: 3",
    ),
    "RG221": Entry(
        message=Text(
            "unknown word “{name}” in “{owner}”", "mot inconnu « {name} » dans « {owner} »"
        ),
        remedy=_REFERENCE,
        bad="retry: {time: 3}",
        good="retry: {times: 3}",
    ),
    "RG222": Entry(
        message=Text(
            "“{name}” is a trigger in “do”, or an action in “when”",
            "« {name} » est un déclencheur dans « do », ou une action dans « when »",
        ),
        remedy=Text(
            "triggers stand below when:, actions below do:",
            "les déclencheurs vont sous when:, les actions sous do:",
        ),
        bad="when:\n  - log.write: {message: a}",
        good="do:\n  - log.write: {message: a}",
    ),
    "RG223": Entry(
        message=Text(
            "format {value} is unknown to this version", "format {value} inconnu de cette version"
        ),
        remedy=Text(
            "write rouage: 1, or update Rouage",
            "écrivez rouage: 1, ou mettez Rouage à jour",
        ),
        bad="rouage: 2",
        good="rouage: 1",
    ),
    "RG224": Entry(
        message=Text("“{name}” has no value", "« {name} » n’a pas de valeur"),
        remedy=Text(
            "write a value after the colon, or below it, indented",
            "écrivez une valeur après le deux-points, ou dessous, en retrait",
        ),
        bad="name:",
        good="name: Factures",
    ),
    "RG225": Entry(
        message=Text(
            "a colon is missing after “{name}”", "il manque un deux-points après « {name} »"
        ),
        remedy=Text(
            "write “{name}:” and the parameters below, indented",
            "écrivez « {name}: » et les paramètres dessous, en retrait",
        ),
        bad="- log.write",
        good="- log.write: {message: a}",
    ),
    "RG226": Entry(
        message=Text(
            "the parameters of {owner} stand below it, by name",
            "les paramètres de {owner} vont dessous, chacun avec son nom",
        ),
        remedy=Text(
            "write “{name}: …” below it, indented",
            "écrivez « {name}: … » dessous, en retrait",
        ),
        bad="- log.write: Bonjour",
        good="- log.write: {message: Bonjour}",
    ),
    "RG227": Entry(
        message=Text(
            "“{name}” belongs below {owner}, one level deeper",
            "« {name} » va sous {owner}, un cran plus loin",
        ),
        remedy=Text(
            "indent the parameters by four spaces",
            "mettez les paramètres en retrait de quatre espaces",
        ),
        bad="- log.write:\n  message: a",
        good="- log.write:\n    message: a",
    ),
}
