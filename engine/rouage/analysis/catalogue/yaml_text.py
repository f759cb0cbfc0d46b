"""RG1xx: what is wrong with the text before it means anything."""

from collections.abc import Mapping
from typing import Final

from rouage.analysis.catalogue.entry import Entry
from rouage.language import Text

_QUOTE_IT: Final = Text(
    "put the whole text between quotes",
    "mettez tout le texte entre guillemets",
)

YAML_TEXT: Final[Mapping[str, Entry]] = {
    "RG101": Entry(
        message=Text("this line cannot be read as YAML", "cette ligne n’est pas du YAML lisible"),
        why=Text(
            "something here, or just above, does not fit the shape “name: value”",
            "quelque chose ici, ou juste au-dessus, ne suit pas la forme « nom: valeur »",
        ),
        remedy=Text(
            "check the indentation, and put texts with special characters between quotes",
            "vérifiez le retrait, et mettez entre guillemets les textes à caractères spéciaux",
        ),
        bad="name: ]Factures",
        good='name: "]Factures"',
    ),
    "RG102": Entry(
        message=Text(
            "this file is not UTF-8: byte {byte} makes no letter here",
            "ce fichier n’est pas en UTF-8 : l’octet {byte} ne forme aucune lettre ici",
        ),
        why=Text(
            "it was probably saved as Latin-1 or Windows-1252",
            "il a sans doute été enregistré en Latin-1 ou Windows-1252",
        ),
        remedy=Text("save it again as UTF-8", "enregistrez-le à nouveau en UTF-8"),
        bad="name: Re\\xe7u   (Latin-1)",
        good="name: Reçu   (UTF-8)",
    ),
    "RG103": Entry(
        message=Text("this file is larger than {limit} KiB", "ce fichier dépasse {limit} Kio"),
        why=Text("a recipe is a short text", "une recette est un texte court"),
        remedy=Text(
            "split it into several recipes, or keep the data in a file of its own",
            "partagez-le en plusieurs recettes, ou gardez les données dans un autre fichier",
        ),
        bad="a file of 300 KiB",
        good="a file of 3 KiB",
    ),
    "RG104": Entry(
        message=Text("nested more than {limit} levels deep", "plus de {limit} niveaux imbriqués"),
        remedy=Text("flatten it, or split the recipe", "simplifiez, ou partagez la recette"),
        bad="a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        good="a: [1]",
    ),
    "RG105": Entry(
        message=Text(
            "more than {limit} values in one file",
            "plus de {limit} valeurs en un fichier",
        ),
        remedy=Text(
            "keep the data in a file of its own, and read it with an action",
            "gardez les données dans un autre fichier, lu par une action",
        ),
        bad="vars: {list: [1, 2, 3, …]}",
        good="- files.read: {path: list.csv}",
    ),
    "RG106": Entry(
        message=Text("a text longer than {limit} KiB", "un texte de plus de {limit} Kio"),
        remedy=Text(
            "keep it in a file of its own, and read it with an action",
            "gardez-le dans un autre fichier, lu par une action",
        ),
        bad="template: |  (100 KiB)",
        good="file: template.md",
    ),
    "RG107": Entry(
        message=Text(
            "a name longer than {limit} characters", "un nom de plus de {limit} caractères"
        ),
        remedy=Text("is a colon missing or too much?", "manque-t-il un deux-points ?"),
        bad="a very long sentence that ends with a colon:",
        good="description: a very long sentence",
    ),
    "RG108": Entry(
        message=Text(
            "an expression is written ${{{{ … }}}}, with a dollar sign",
            "une expression s’écrit ${{{{ … }}}}, avec un dollar",
        ),
        why=Text(
            "YAML reads double braces alone as a structure",
            "les doubles accolades seules sont lues comme une structure YAML",
        ),
        remedy=Text("add $ before the braces", "ajoutez $ devant les accolades"),
        bad="body: {{ event.file.name }}",
        good="body: ${{ event.file.name }}",
    ),
    "RG109": Entry(
        message=Text(
            "“{name}” is written twice; the first one is on line {line}",
            "« {name} » est écrit deux fois ; la première est à la ligne {line}",
        ),
        why=Text("one of the two values would be lost", "l’une des deux valeurs serait perdue"),
        remedy=Text("remove one of them, or merge them", "supprimez l’une, ou réunissez-les"),
        bad="id: factures\nid: devis",
        good="id: factures",
    ),
    "RG110": Entry(
        message=Text(
            "anchors, aliases and merges (& * <<) are not used here: “{name}”",
            "les ancres, alias et fusions (& * <<) ne s’emploient pas ici : « {name} »",
        ),
        why=Text(
            "a recipe says everything where it is used, so that it can be read alone",
            "une recette dit tout là où elle s’en sert, pour se lire seule",
        ),
        remedy=Text(
            "put a shared value in “vars:” and write ${{{{ vars.NAME }}}}; "
            "a text that starts with & or * goes between quotes",
            "mettez la valeur commune dans « vars: » et écrivez ${{{{ vars.NOM }}}} ; "
            "un texte qui commence par & ou * se met entre guillemets",
        ),
        bad="target: *folder",
        good="target: ${{ vars.folder }}",
    ),
    "RG111": Entry(
        message=Text(
            "tags such as “{name}” are not used here",
            "les étiquettes comme « {name} » ne s’emploient pas ici",
        ),
        why=Text(
            "an exclamation mark at the start of a value is a YAML tag, and its text is lost",
            "un point d’exclamation au début d’une valeur est une étiquette YAML, "
            "et son texte se perd",
        ),
        remedy=Text(
            "write “not …” in a condition, put a text between quotes, "
            "and a shared value in “vars:”",
            "écrivez « not … » dans une condition, mettez un texte entre guillemets, "
            "et une valeur commune dans « vars: »",
        ),
        bad="if: !event.late",
        good="if: not event.late",
    ),
    "RG112": Entry(
        message=Text("a name must be a plain text", "un nom doit être un simple texte"),
        why=Text(
            "here a list or a structure stands where a name is wanted",
            "ici une liste ou une structure est à la place d’un nom",
        ),
        remedy=Text(
            "write “name: value”; put a text with brackets between quotes",
            "écrivez « nom: valeur » ; mettez entre guillemets un texte à crochets",
        ),
        bad="[a]: b",
        good='"[a]": b',
    ),
    "RG113": Entry(
        message=Text(
            "a second document starts here; a file holds one recipe",
            "un second document commence ici ; un fichier contient une seule recette",
        ),
        remedy=Text(
            "move it to a file of its own, or remove the line ---",
            "mettez-le dans un autre fichier, ou supprimez la ligne ---",
        ),
        bad="name: A\n---\nname: B",
        good="name: A",
    ),
    "RG114": Entry(
        message=Text(
            "an invisible character that breaks lines or controls: {character} {named}",
            "un caractère invisible, de contrôle ou de saut de ligne : {character} {named}",
        ),
        why=Text(
            "it usually comes from a copy of a web page or a document",
            "il vient souvent d’un copier-coller depuis une page ou un document",
        ),
        remedy=Text("delete it", "supprimez-le"),
        bad="name: Reçu\\u2028du jour",
        good="name: Reçu du jour",
    ),
    "RG115": Entry(
        message=Text(
            "the indentation is made with {character} {named}, not with plain spaces",
            "le retrait est fait de {character} {named}, pas d’espaces ordinaires",
        ),
        why=Text("YAML counts plain spaces only", "YAML ne compte que les espaces ordinaires"),
        remedy=Text("replace them by plain spaces", "remplacez-les par des espaces ordinaires"),
        bad="do:\n\\u00a0\\u00a0- log.write: {message: a}",
        good="do:\n  - log.write: {message: a}",
    ),
    "RG116": Entry(
        message=Text(
            "an invisible character hides here: {character} {named}",
            "un caractère invisible se cache ici : {character} {named}",
        ),
        why=Text(
            "two words that look the same would differ",
            "deux mots d’apparence identique seraient différents",
        ),
        remedy=Text("delete it", "supprimez-le"),
        bad="na\\u200bme: Factures",
        good="name: Factures",
    ),
    "RG118": Entry(
        message=Text("a tab is used as indentation", "une tabulation sert de retrait"),
        why=Text("YAML accepts spaces only", "YAML n’accepte que des espaces"),
        remedy=Text("replace it by spaces", "remplacez-la par des espaces"),
        bad="do:\n\t- log.write: {message: a}",
        good="do:\n  - log.write: {message: a}",
    ),
    "RG119": Entry(
        message=Text(
            "this text holds “: ”, which YAML takes for a new name",
            "ce texte contient « : », que YAML prend pour un nouveau nom",
        ),
        remedy=_QUOTE_IT,
        bad="subject: Rappel: facture",
        good='subject: "Rappel: facture"',
    ),
    "RG120": Entry(
        message=Text(
            "a text that starts with {character} must stand between quotes",
            "un texte qui commence par {character} doit être entre guillemets",
        ),
        why=Text("YAML gives {character} a meaning of its own", "YAML donne un sens à {character}"),
        remedy=_QUOTE_IT,
        bad="expression: */5 * * * *",
        good='expression: "*/5 * * * *"',
    ),
    "RG121": Entry(
        message=Text(
            "this quote is opened here and never closed",
            "ce guillemet est ouvert ici et jamais fermé",
        ),
        remedy=Text(
            "close it; a quote inside the text is doubled: 'it''s'",
            "fermez-le ; une apostrophe dans le texte se double : 'l''objet'",
        ),
        bad='subject: "Facture',
        good='subject: "Facture"',
    ),
    "RG122": Entry(
        message=Text(
            "“{written}” means nothing between double quotes",
            "« {written} » n’a pas de sens entre guillemets doubles",
        ),
        why=Text(
            "between double quotes a backslash starts a special character",
            "entre guillemets doubles, la barre inverse annonce un caractère spécial",
        ),
        remedy=Text(
            "write the path without quotes or between single quotes: 'C:\\Users'",
            "écrivez le chemin sans guillemets ou entre apostrophes : 'C:\\Users'",
        ),
        bad='path: "C:\\Users\\x"',
        good="path: 'C:\\Users\\x'",
    ),
    "RG123": Entry(
        message=Text(
            "the text goes on after its closing quote",
            "le texte continue après son guillemet fermant",
        ),
        remedy=Text("put the whole between single quotes", "mettez le tout entre apostrophes"),
        bad='if: "a" in event.tags',
        good="if: '\"a\" in event.tags'",
    ),
    "RG124": Entry(
        message=Text(
            "between brackets or braces an expression needs quotes",
            "entre crochets ou accolades, une expression doit être entre guillemets",
        ),
        remedy=Text('write "${{{{ … }}}}"', 'écrivez "${{{{ … }}}}"'),
        bad="attach: [${{ steps.a.path }}]",
        good='attach: ["${{ steps.a.path }}"]',
    ),
    "RG125": Entry(
        message=Text(
            "this “{written}” is opened here and never closed",
            "ce « {written} » est ouvert ici et jamais fermé",
        ),
        remedy=Text("close it", "fermez-le"),
        bad="tags: [a, b",
        good="tags: [a, b]",
    ),
    "RG126": Entry(
        message=Text(
            "this line is not aligned with those it belongs to",
            "cette ligne n’est pas alignée avec celles dont elle fait partie",
        ),
        why=Text(
            "YAML reads the structure from the indentation",
            "YAML lit la structure d’après le retrait",
        ),
        remedy=Text(
            "give it the same indentation as the lines of its group",
            "donnez-lui le même retrait que les lignes de son groupe",
        ),
        bad="do:\n  - log.write: {message: a}\n   - log.write: {message: b}",
        good="do:\n  - log.write: {message: a}\n  - log.write: {message: b}",
    ),
    "RG127": Entry(
        message=Text(
            "lines that start with % are not used here",
            "les lignes qui commencent par % ne s’emploient pas ici",
        ),
        remedy=Text("remove the line", "supprimez la ligne"),
        bad="%YAML 1.1\n---\nname: A",
        good="name: A",
    ),
    "RG128": Entry(
        message=Text("a tab stands between two words", "une tabulation sépare deux mots"),
        why=Text(
            "YAML accepts a tab between quotes only",
            "YAML n’accepte une tabulation qu’entre guillemets",
        ),
        remedy=Text("replace it by a space", "remplacez-la par une espace"),
        bad="name:\tFactures",
        good="name: Factures",
    ),
    "RG129": Entry(
        message=Text(
            "a colon is missing in “{written}”", "il manque un deux-points dans « {written} »"
        ),
        remedy=Text("write “name: value”", "écrivez « nom: valeur »"),
        bad="name Factures",
        good="name: Factures",
    ),
    "RG130": Entry(
        message=Text(
            "a space is missing after “{written}”", "il manque une espace après « {written} »"
        ),
        why=Text(
            "without it the colon is part of the word",
            "sans elle, le deux-points fait partie du mot",
        ),
        remedy=Text("write “{written} …”", "écrivez « {written} … »"),
        bad="- folder.file: {path:[a]}",
        good="- folder.file: {path: a}",
    ),
}
