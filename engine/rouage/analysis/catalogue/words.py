"""RG23x and RG24x: engine words that say nothing, two things, or what other tools would say."""

from collections.abc import Mapping
from typing import Final

from rouage.analysis.catalogue.entry import Entry
from rouage.language import Text

ENGINE_WORDS: Final[Mapping[str, Entry]] = {
    "RG230": Entry(
        message=Text(
            "approve: with a timeout, on_timeout must say what happens then",
            "approve : avec un timeout, on_timeout doit dire ce qui se passe ensuite",
        ),
        why=Text(
            "a question that nobody answers must not decide by itself",
            "une question sans réponse ne doit pas se décider toute seule",
        ),
        remedy=Text(
            "add on_timeout: refuse, stop or escalate",
            "ajoutez on_timeout: refuse, stop ou escalate",
        ),
        bad="approve: {ask: Envoyer ?, timeout: 3d}",
        good="approve: {ask: Envoyer ?, timeout: 3d, on_timeout: refuse}",
    ),
    "RG231": Entry(
        message=Text(
            "approve: {value} is not allowed for on_timeout: the clock never says yes",
            "approve : {value} n’est pas permis pour on_timeout : l’horloge n’accepte jamais",
        ),
        remedy=Text("choose refuse, stop or escalate", "choisissez refuse, stop ou escalate"),
        bad="on_timeout: approve",
        good="on_timeout: refuse",
    ),
    "RG232": Entry(
        message=Text(
            "repeat wants exactly one of {names}", "repeat attend un seul mot parmi {names}"
        ),
        remedy=Text("keep one of them", "gardez-en un"),
        bad="repeat: {do: […]}",
        good="repeat: {times: 3, do: […]}",
    ),
    "RG233": Entry(
        message=Text(
            "branch {number} has no if: the branches after it are never taken",
            "la branche {number} n’a pas de if : les suivantes ne sont jamais suivies",
        ),
        remedy=Text(
            "give it an if, or make it the last", "donnez-lui un if, ou placez-la en dernier"
        ),
        bad="choose:\n  - do: […]\n  - if: event.size > 3\n    do: […]",
        good="choose:\n  - if: event.size > 3\n    do: […]\n  - do: […]",
    ),
    "RG234": Entry(
        message=Text(
            "parallel has one branch only, “{name}”",
            "parallel n’a qu’une seule branche, « {name} »",
        ),
        remedy=Text("write its steps without parallel", "écrivez ses étapes sans parallel"),
        bad="parallel: {branches: {a: […]}}",
        good="parallel: {branches: {a: […], b: […]}}",
    ),
    "RG235": Entry(
        message=Text(
            "an item cannot be called “{name}”: the word is taken",
            "un élément ne peut pas s’appeler « {name} » : le mot est déjà pris",
        ),
        why=Text(
            "expressions inside the loop could not read what it stands for",
            "les expressions de la boucle ne pourraient plus lire ce qu’il désigne",
        ),
        remedy=Text("choose another name", "choisissez un autre nom"),
        bad="for_each: {in: […], as: event, do: […]}",
        good="for_each: {in: […], as: parcel, do: […]}",
    ),
    "RG236": Entry(
        message=Text("this batch is never closed", "ce lot ne se clôt jamais"),
        remedy=Text("add quiet:, every: or max:", "ajoutez quiet:, every: ou max:"),
        bad="batch: {by: event.file.folder}",
        good="batch: {by: event.file.folder, quiet: 20s}",
    ),
    "RG237": Entry(
        message=Text(
            "for_each goes through a list; this is {kind}",
            "for_each parcourt une liste ; ceci est {kind}",
        ),
        remedy=Text(
            "name a list, or make one with | split(',')",
            "désignez une liste, ou faites-en une par | split(',')",
        ),
        bad="in: ${{ event.file.name }}",
        good="in: ${{ event.items }}",
    ),
    "RG238": Entry(
        message=Text("wait wants exactly one of {names}", "wait attend un seul mot parmi {names}"),
        remedy=Text("keep one of them", "gardez-en un"),
        bad="wait: {timeout: 3d}",
        good="wait: {until: '18:00'}",
    ),
    "RG239": Entry(
        message=Text(
            "approve: escalate has nobody to ask", "approve : escalate n’a personne à interroger"
        ),
        remedy=Text(
            "add then: with the people to ask", "ajoutez then: avec les personnes à interroger"
        ),
        bad="on_timeout: escalate",
        good="on_timeout: escalate\nthen: [associe@exemple.fr]",
    ),
    "RG240": Entry(
        message=Text(
            "“{name}” belongs to a wait for an event only",
            "« {name} » ne va qu’avec l’attente d’un événement",
        ),
        remedy=Text(
            "remove it, or write event: with the trigger to wait for",
            "retirez-le, ou écrivez event: avec le déclencheur à attendre",
        ),
        bad="wait: {for: 1h, timeout: 2h}",
        good="wait: {for: 1h}",
    ),
    "RG241": Entry(
        message=Text(
            "“{name}” has no place beside the trigger of a wait",
            "« {name} » n’a pas sa place à côté du déclencheur d’une attente",
        ),
        remedy=Text(
            "remove it; a condition stands beside event:, as if:",
            "retirez-le ; une condition va à côté de event:, sous le mot if:",
        ),
        bad="wait:\n  event:\n    folder.file: {path: in}\n    if: event.file.size > 0",
        good="wait:\n  event:\n    folder.file: {path: in}\n  if: event.file.size > 0",
    ),
    "RG242": Entry(
        message=Text(
            "repeat does not go through a list: “{name}” is the work of for_each",
            "repeat ne parcourt pas de liste : « {name} » est l’affaire de for_each",
        ),
        remedy=Text("write for_each: with in: and do:", "écrivez for_each: avec in: et do:"),
        bad="repeat: {for_each: […], do: […]}",
        good="for_each: {in: […], do: […]}",
    ),
    "RG243": Entry(
        message=Text(
            "the branches of parallel stand below branches:, each under its name",
            "les branches de parallel vont sous branches:, chacune sous son nom",
        ),
        remedy=Text(
            "write branches: and indent them below it",
            "écrivez branches: et placez-les dessous, en retrait",
        ),
        bad="parallel: {mail: […], print: […]}",
        good="parallel: {branches: {mail: […], print: […]}}",
    ),
    "RG244": Entry(
        message=Text(
            "“{name}” stands below an engine word, not in a step of its own",
            "« {name} » va sous un mot du moteur, pas directement dans une étape",
        ),
        remedy=Text(
            "write choose: to decide between steps, group: to hold them together",
            "écrivez choose: pour choisir entre des étapes, group: pour les réunir",
        ),
        bad="- if: event.file.size > 0\n  do: […]",
        good="- choose:\n    - if: event.file.size > 0\n      do: […]",
    ),
    "RG245": Entry(
        message=Text(
            "“{name}” is not needed: steps are taken in the order of the list",
            "« {name} » est inutile : les étapes se suivent dans l’ordre de la liste",
        ),
        remedy=Text(
            "remove it; parallel: does several things at once",
            "retirez-le ; parallel: fait plusieurs choses à la fois",
        ),
        bad="- files.copy: {…}\n  needs: [read]",
        good="- files.copy: {…}",
    ),
    "RG246": Entry(
        message=Text(
            "{need} people must say yes, and only {count} may answer",
            "{need} personnes doivent accepter, et {count} seulement peuvent répondre",
        ),
        remedy=Text("name more people under from:", "nommez plus de personnes sous from:"),
        bad="need: 2\nfrom: [claire@exemple.fr]",
        good="need: 2\nfrom: [claire@exemple.fr, paul@exemple.fr]",
    ),
    "RG247": Entry(
        message=Text(
            "a branch of choose is made of if: and do:",
            "une branche de choose est faite de if: et de do:",
        ),
        remedy=Text(
            "write - if: with the condition, and the steps below do:",
            "écrivez - if: avec la condition, et les étapes sous do:",
        ),
        bad="choose:\n  - log.write: {message: a}",
        good="choose:\n  - if: event.file.size > 0\n    do:\n      - log.write: {message: a}",
    ),
    "RG248": Entry(
        message=Text(
            "choose has no “{name}”: its last branch does without if:",
            "choose n’a pas de « {name} » : sa dernière branche se passe de if:",
        ),
        remedy=Text(
            "write a last branch with do: alone", "écrivez une dernière branche avec do: seul"
        ),
        bad="choose:\n  - if: …\n    do: […]\n    else: […]",
        good="choose:\n  - if: …\n    do: […]\n  - do: […]",
    ),
    "RG249": Entry(
        message=Text("the steps of {name} stand below do:", "les étapes de {name} vont sous do:"),
        remedy=Text(
            "write do: and indent the steps below it",
            "écrivez do: et placez les étapes dessous, en retrait",
        ),
        bad="group:\n  - log.write: {message: a}",
        good="group:\n  do:\n    - log.write: {message: a}",
    ),
}
