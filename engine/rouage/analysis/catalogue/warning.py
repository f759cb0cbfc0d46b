"""What is written rightly, and still deserves a second look."""

from collections.abc import Mapping
from typing import Final

from rouage.analysis.catalogue.entry import Entry
from rouage.language import Text

WARNINGS: Final[Mapping[str, Entry]] = {
    "RG605": Entry(
        message=Text(
            "{name} starts programs, and anybody who knows the address of {owner} could have it so",
            "{name} lance des programmes, et quiconque connaît l’adresse de {owner} le pourrait",
        ),
        why=Text(
            "nothing proves who calls an address that takes unsigned requests",
            "rien ne prouve qui appelle une adresse qui accepte des demandes non signées",
        ),
        remedy=Text(
            "give the hook a preset with a secret, or start the programs from another recipe",
            "donnez au webhook un préréglage avec un secret, ou lancez les programmes depuis une "
            "autre recette",
        ),
        bad="when: [{webhook.received: {path: a, preset: none, unsigned: true}}]\n"
        "do: [{shell.run: {command: [ls]}}]",
        good="when: [{webhook.received: {path: a, preset: bearer, secret: …}}]\n"
        "do: [{shell.run: {command: [ls]}}]",
    ),
    "RG701": Entry(
        message=Text(
            "“{lost}” is read as a comment and lost",
            "« {lost} » est lu comme un commentaire et perdu",
        ),
        why=Text(
            "YAML starts a comment at a # after a space",
            "YAML commence un commentaire à un # précédé d’une espace",
        ),
        remedy=Text(
            "put the text between quotes, or a space after # for a comment",
            "mettez le texte entre guillemets, ou une espace après # pour un commentaire",
        ),
        bad="subject: Facture #12",
        good='subject: "Facture #12"',
    ),
    "RG702": Entry(
        message=Text(
            "typographic quotes ({character} {named}) are part of the text",
            "les guillemets typographiques ({character} {named}) font partie du texte",
        ),
        remedy=Text(
            "write straight quotes if they should only surround it",
            "écrivez des guillemets droits s’ils doivent seulement l’entourer",
        ),
        bad="name: “Factures”",
        good='name: "Factures"',
    ),
    "RG703": Entry(
        message=Text(
            "“{name}” is a secret written in clear", "« {name} » est un secret écrit en clair"
        ),
        why=Text("whoever reads the recipe reads it too", "qui lit la recette le lit aussi"),
        remedy=Text(
            "store it with rouage secrets set NAME and write ${{{{ secrets.NAME }}}}",
            "rangez-le par rouage secrets set NOM et écrivez ${{{{ secrets.NOM }}}}",
        ),
        bad="secret: abc123",
        good="secret: ${{ secrets.shop }}",
    ),
    "RG704": Entry(
        message=Text(
            "the key “{value}” is this very text, the same for all runs",
            "la clé « {value} » est ce texte même, le même pour toutes les exécutions",
        ),
        why=Text(
            "the effect would be done once, and never again",
            "l’effet aurait lieu une fois, et plus jamais",
        ),
        remedy=Text("put it into ${{{{ }}}}", "mettez-la entre ${{{{ }}}}"),
        bad="once: event.file.sha256",
        good="once: ${{ event.file.sha256 }}",
    ),
    "RG705": Entry(
        message=Text(
            "this recipe listens to “{name}”, which it emits itself",
            "cette recette écoute « {name} », qu’elle émet elle-même",
        ),
        why=Text(
            "it would start itself again, and is stopped after three rounds",
            "elle se relancerait elle-même, et serait arrêtée au bout de trois tours",
        ),
        remedy=Text("give one of the two another name", "donnez un autre nom à l’un des deux"),
        bad="when: [{chain.event: {name: a}}]\ndo: [{emit: a}]",
        good="when: [{chain.event: {name: a}}]\ndo: [{emit: b}]",
    ),
    "RG706": Entry(
        message=Text(
            "“{name}” is of no use without {needed}",
            "« {name} » ne sert à rien sans {needed}",
        ),
        remedy=Text("add {needed}, or remove it", "ajoutez {needed}, ou retirez-le"),
        bad="approve: {ask: Envoyer ?, on_timeout: refuse}",
        good="approve: {ask: Envoyer ?, timeout: 3d, on_timeout: refuse}",
    ),
    "RG707": Entry(
        message=Text(
            "“{name}” does nothing beside {other}", "« {name} » ne fait rien avec {other}"
        ),
        remedy=Text("keep one of the two", "gardez l’un des deux"),
        bad="debounce: 10s\nbatch: {quiet: 20s}",
        good="batch: {quiet: 20s}",
    ),
    "RG708": Entry(
        message=Text(
            "“{name}” does nothing beside {word}", "« {name} » ne fait rien à côté de {word}"
        ),
        remedy=Text(
            "put it beside the action that must not be done twice",
            "placez-le à côté de l’action à ne pas refaire",
        ),
        bad="- group: {do: [{mail.send: {…}}]}\n  once: ${{ event.id }}",
        good="- group:\n    do:\n      - mail.send: {…}\n        once: ${{ event.id }}",
    ),
    "RG709": Entry(
        message=Text("{owner}: {reason}", "{owner} : {reason}"),
        remedy=Text(
            "`rouage schedule preview` shows when it fires",
            "« rouage schedule preview » montre quand cela part",
        ),
        bad='expression: "0 9 */2 * 1"',
        good='expression: "0 9 * * 1"',
    ),
    "RG711": Entry(
        message=Text(
            "this writes where {name} of the same recipe takes files",
            "ceci écrit là où {name} de la même recette prend des fichiers",
        ),
        why=Text(
            "a recipe is not started by its own files, but only as long as they are remembered "
            "(ten minutes, and not over a restart)",
            "une recette n’est pas relancée par ses propres fichiers, mais seulement tant qu’ils "
            "sont en mémoire (dix minutes, et pas après un redémarrage)",
        ),
        remedy=Text(
            "write into another folder, or have `match` leave the result out",
            "écrivez dans un autre dossier, ou faites que `match` laisse le résultat de côté",
        ),
        bad="when: [{folder.file: {path: in}}]\ndo: [{files.copy: {source: a.txt, target: in/}}]",
        good="when: [{folder.file: {path: in}}]\ndo: [{files.copy: {source: a.txt, target: out/}}]",
    ),
    "RG712": Entry(
        message=Text(
            "“{name}” holds what looks like a key or a password",
            "« {name} » contient ce qui ressemble à une clé ou à un mot de passe",
        ),
        why=Text(
            "whoever reads the recipe, a backup or a copy of it, reads it too",
            "qui lit la recette, une sauvegarde ou une copie, le lit aussi",
        ),
        remedy=Text(
            "store it with rouage secrets set NAME and write ${{{{ secrets.NAME }}}}",
            "rangez-le par rouage secrets set NOM et écrivez ${{{{ secrets.NOM }}}}",
        ),
        bad="url: https://marie:hunter2@shop.example.org/orders",
        good="url: https://marie:${{ secrets.shop }}@shop.example.org/orders",
    ),
    "RG713": Entry(
        message=Text("“{name}” shows a secret to others", "« {name} » montre un secret à d’autres"),
        why=Text(
            "every program of the machine sees the arguments of the others, and the query of an "
            "address ends up in the logs of servers",
            "chaque programme de la machine voit les arguments des autres, et ce qui suit le « ? » "
            "d’une adresse finit dans les journaux des serveurs",
        ),
        remedy=Text(
            "hand it to a program by stdin or env, and to a server in headers",
            "donnez-le à un programme par stdin ou env, et à un serveur dans headers",
        ),
        bad="shell.run: {command: [backup, --key, ${{ secrets.backup }}]}",
        good="shell.run: {command: [backup], env: {BACKUP_KEY: ${{ secrets.backup }}}}",
    ),
}
