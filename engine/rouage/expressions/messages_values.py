"""What evaluation says: names, kinds of values, bounds, secrets, unreadable values."""

from typing import Final

from rouage.expressions.message import Message
from rouage.language import Text

REFERENCES: Final[dict[str, Message]] = {
    "RG430": Message(
        Text(
            "“{name}” holds a hyphen, which would be read as a subtraction",
            "« {name} » contient un tiret, qui serait lu comme une soustraction",
        ),
        fix=Text("write it in brackets: ['{name}']", "écrivez-le entre crochets : ['{name}']"),
        example="event.headers.content-type  ->  event.headers['content-type']",
    ),
    "RG440": Message(
        Text("the name “{name}” is unknown here", "le nom « {name} » est inconnu ici"),
        why=Text(
            "an expression starts from a known root such as event, inputs, vars or steps",
            "une expression part d’une racine connue, comme event, inputs, vars ou steps",
        ),
        example="evnt.file.name  ->  event.file.name",
    ),
    "RG441": Message(
        Text("“{where}” has no field “{name}”", "« {where} » n’a pas de champ « {name} »"),
        fix=Text(
            "if it may be missing, write | default('…') or test it with “is defined”",
            "s’il peut manquer, écrivez | default('…') ou testez-le avec « is defined »",
        ),
        example="event.fil.size  ->  event.file.size",
    ),
    "RG442": Message(
        Text("the filter “{name}” does not exist", "le filtre « {name} » n’existe pas"),
        example="event.name | uper  ->  event.name | upper",
    ),
    "RG443": Message(
        Text("the function “{name}” does not exist", "la fonction « {name} » n’existe pas"),
        why=Text(
            "the only functions are now() and today(); the rest are filters: value | name",
            "les seules fonctions sont now() et today() ; "
            "le reste s’écrit en filtres : valeur | nom",
        ),
        example="upper(event.name)  ->  event.name | upper",
    ),
    "RG444": Message(
        Text(
            "“{name}” takes {expected} value(s) in parentheses, not {given}",
            "« {name} » attend {expected} valeur(s) entre parenthèses, pas {given}",
        ),
        fix=Text("write {usage}", "écrivez {usage}"),
        example="event.name | replace('a')  ->  event.name | replace('a', 'b')",
    ),
    "RG445": Message(
        Text("the step “{name}” has no result here", "l’étape « {name} » n’a pas de résultat ici"),
        why=Text(
            "it was skipped, or it comes later, or no step has this id",
            "elle a été sautée, ou elle vient plus loin, ou aucune étape n’a cet identifiant",
        ),
        fix=Text(
            "if it may be skipped, write | default('…')",
            "si elle peut être sautée, écrivez | default('…')",
        ),
        example="steps.reed.total  ->  steps.read.total",
    ),
    "RG446": Message(
        Text("there is no secret “{name}”", "il n’y a pas de secret « {name} »"),
        fix=Text(
            "add it with: rouage secrets set {name}", "ajoutez-le par : rouage secrets set {name}"
        ),
        example="secrets.smpt  ->  secrets.smtp",
    ),
    "RG447": Message(
        Text(
            "this list has {size} element(s); there is no number {index}",
            "cette liste a {size} élément(s) ; il n’y a pas de numéro {index}",
        ),
        why=Text("the first element has the number 0", "le premier élément porte le numéro 0"),
        fix=Text("if it may be missing: | default('…')", "s’il peut manquer : | default('…')"),
        example="event.rows[1]  ->  event.rows[0]",
    ),
    "RG448": Message(
        Text(
            "“{where}” is {kind}: it has no field “{name}”",
            "« {where} » est {kind}, sans champ « {name} »",
        ),
        fix=Text(
            "only objects have fields; for a list use [0], | first or | map('{name}')",
            "seuls les objets ont des champs ; pour une liste : [0], | first ou | map('{name}')",
        ),
        example="event.rows.total  ->  event.rows | map('total') | sum",
    ),
    "RG449": Message(
        Text("“{name}” found nothing", "« {name} » n’a rien trouvé"),
        fix=Text("if it may find nothing: | default('…')", "si cela peut arriver : | default('…')"),
        example="event.rows | first  ->  event.rows | first | default('')",
    ),
}

KINDS: Final[dict[str, Message]] = {
    "RG450": Message(
        Text(
            "“{operator}” cannot work on {left} and {right}",
            "« {operator} » ne s’applique pas à {left} et {right}",
        ),
        example="event.rows + 1  ->  (event.rows | length) + 1",
    ),
    "RG451": Message(
        Text(
            "“+” adds numbers; here it meets {left} and {right}",
            "« + » additionne des nombres ; ici il rencontre {left} et {right}",
        ),
        fix=Text(
            "to join texts write “~”; to count, convert with | number",
            "pour coller des textes écrivez « ~ » ; pour calculer, convertissez par | number",
        ),
        example="'n° ' + 3  ->  'n° ' ~ 3",
    ),
    "RG452": Message(
        Text("a text cannot be multiplied", "un texte ne se multiplie pas"),
        fix=Text("convert it first: | number", "convertissez-le d’abord : | number"),
        example="event.price * 2  ->  (event.price | number) * 2",
    ),
    "RG453": Message(
        Text("“%” does not fill in a text here", "« % » ne remplit pas un texte ici"),
        fix=Text("join with “~”", "collez avec « ~ »"),
        example="'%s euros' % event.price  ->  event.price ~ ' euros'",
    ),
    "RG454": Message(
        Text(
            "“{operator}” needs true or false, not {kind}",
            "« {operator} » demande vrai ou faux, pas {kind}",
        ),
        fix=Text(
            "compare it: != '' for a text, > 0 for a number, (x | length) > 0 for a list",
            "comparez : != '' pour un texte, > 0 pour un nombre, (x | length) > 0 pour une liste",
        ),
        example="event.name and event.ok  ->  event.name != '' and event.ok",
    ),
    "RG455": Message(
        Text(
            "a condition must be true or false; this one is {kind}",
            "une condition doit être vraie ou fausse ; celle-ci est {kind}",
        ),
        fix=Text(
            "compare it: != '' for a text, > 0 for a number, (x | length) > 0 for a list",
            "comparez : != '' pour un texte, > 0 pour un nombre, (x | length) > 0 pour une liste",
        ),
        example="if: event.name  ->  if: event.name != ''",
    ),
    "RG456": Message(
        Text(
            "{left} and {right} cannot be ordered by “{operator}”",
            "{left} et {right} ne se comparent pas par « {operator} »",
        ),
        fix=Text(
            "convert first: | number for a number in a text, | parse_date for a date",
            "convertissez d’abord : | number pour un nombre dans un texte, "
            "| parse_date pour une date",
        ),
        example="event.amount > '10'  ->  event.amount > 10",
    ),
    "RG457": Message(
        Text("a list cannot stand inside a text", "une liste ne peut pas entrer dans un texte"),
        fix=Text(
            "join it: | join(', '), or write | json",
            "assemblez-la : | join(', '), ou écrivez | json",
        ),
        example="Tags: ${{ event.tags }}  ->  Tags: ${{ event.tags | join(', ') }}",
    ),
    "RG458": Message(
        Text("an object cannot stand inside a text", "un objet ne peut pas entrer dans un texte"),
        fix=Text(
            "choose one of its fields, or write | json",
            "choisissez un de ses champs, ou écrivez | json",
        ),
        example="Got ${{ event.body }}  ->  Got ${{ event.body | json }}",
    ),
    "RG459": Message(
        Text(
            "this value is empty (null): it cannot stand inside a text",
            "cette valeur est vide (null) : elle ne peut pas entrer dans un texte",
        ),
        fix=Text(
            "say what to write instead: | default('')",
            "dites ce qu’il faut écrire à la place : | default('')",
        ),
        example="Phone: ${{ event.phone }}  ->  Phone: ${{ event.phone | default('') }}",
    ),
    "RG460": Message(
        Text(
            "the filter “{name}” works on {expected}, not on {kind}",
            "le filtre « {name} » s’applique à {expected}, pas à {kind}",
        ),
        example="event.name | sum  ->  event.amounts | sum",
    ),
    "RG461": Message(
        Text(
            "“{argument}” of “{name}” must be {expected}, not {kind}",
            "« {argument} » de « {name} » doit être {expected}, pas {kind}",
        ),
        example="event.name | truncate('5')  ->  event.name | truncate(5)",
    ),
    "RG462": Message(
        Text(
            "“{operator}” needs a number, not {kind}",
            "« {operator} » demande un nombre, pas {kind}",
        ),
        example="-event.name  ->  -(event.amount | number)",
    ),
    "RG463": Message(
        Text(
            "an index must be a number for a list, a text for an object; this is {kind}",
            "un indice est un nombre pour une liste, un texte pour un objet ; ici {kind}",
        ),
        example="event.rows['a']  ->  event.rows[0]",
    ),
    "RG464": Message(
        Text(
            "{left} and {right} are never equal: this is always the same answer",
            "{left} et {right} ne sont jamais égaux : la réponse est toujours la même",
        ),
        fix=Text(
            "compare values of one kind, for example with | number",
            "comparez des valeurs du même genre, par exemple avec | number",
        ),
        example="event.file.size == '10'  ->  event.file.size == 10",
    ),
}

LIMITS: Final[dict[str, Message]] = {
    "RG470": Message(
        Text(
            "the text would be too long: {size} characters, at most {limit}",
            "le texte serait trop long : {size} caractères, {limit} au plus",
        ),
        fix=Text("shorten it: | truncate(1000)", "raccourcissez-le : | truncate(1000)"),
        example="event.body | replace('a', event.body)  ->  event.body | truncate(1000)",
    ),
    "RG471": Message(
        Text(
            "the list is too long: {size} elements, at most {limit}",
            "la liste est trop longue : {size} éléments, {limit} au plus",
        ),
        example="event.text | split('')  ->  event.text | split(',')",
    ),
    "RG472": Message(
        Text("the number is too large", "le nombre est trop grand"),
        why=Text(
            "whole numbers have at most 128 bits (38 digits)",
            "les nombres entiers ont 128 bits au plus (38 chiffres)",
        ),
        example="a number of 50 digits  ->  a text of 50 digits",
    ),
    "RG473": Message(
        Text(
            "this expression takes too much work: more than {limit} steps",
            "cette expression demande trop de travail : plus de {limit} pas",
        ),
        fix=Text("cut it into several steps “set”", "coupez-la en plusieurs étapes « set »"),
        example="rows | sort | sort | sort …  ->  rows | sort",
    ),
    "RG474": Message(
        Text(
            "these data are too large or too deeply nested",
            "ces données sont trop volumineuses ou trop imbriquées",
        ),
        example="event.body | json  ->  event.body.order | json",
    ),
}

SECRETS: Final[dict[str, Message]] = {
    "RG480": Message(
        Text(
            "a secret cannot be compared, measured or searched",
            "un secret ne se compare, ne se mesure et ne se fouille pas",
        ),
        why=Text(
            "each answer would tell a part of it, and conditions are kept in the journal",
            "chaque réponse en dirait une part, et les conditions sont gardées au journal",
        ),
        example="secrets.key == 'x'  ->  secrets.key is defined",
    ),
    "RG481": Message(
        Text(
            "the filter “{name}” cannot work on a secret",
            "le filtre « {name} » ne s’applique pas à un secret",
        ),
        example="secrets.key | split(',')  ->  two secrets",
    ),
}

VALUES: Final[dict[str, Message]] = {
    "RG490": Message(
        Text("division by zero", "division par zéro"),
        fix=Text("test first: a / b if b != 0 else 0", "testez d’abord : a / b si b != 0, sinon 0"),
        example="event.total / 0  ->  event.total / event.count if event.count != 0 else 0",
    ),
    "RG491": Message(
        Text("“{value}” cannot be read as a number", "« {value} » ne se lit pas comme un nombre"),
        why=Text(
            "known forms: 1234.56, 1 234,56, 1.234,56, -12 and 12 €",
            "formes connues : 1234.56, 1 234,56, 1.234,56, -12 et 12 €",
        ),
        example="'12 kg' | number  ->  '12' | number",
    ),
    "RG492": Message(
        Text("“{value}” cannot be read as a date", "« {value} » ne se lit pas comme une date"),
        why=Text(
            "known forms: 2026-07-31, 2026-07-31T22:30, 31/07/2026 and 31 July 2026",
            "formes connues : 2026-07-31, 2026-07-31T22:30, 31/07/2026 et 31 juillet 2026",
        ),
        fix=Text(
            "tell its form: | parse_date('DD-MM-YYYY')",
            "dites sa forme : | parse_date('JJ-MM-AAAA')",
        ),
        example="'31-07-2026' | parse_date  ->  '31-07-2026' | parse_date('JJ-MM-AAAA')",
    ),
    "RG493": Message(
        Text(
            "“{found}” has no meaning in a date format",
            "« {found} » n’a pas de sens dans un format de date",
        ),
        why=Text(
            "write DD/MM/YYYY HH:MM, or %d/%m/%Y %H:%M",
            "écrivez JJ/MM/AAAA HH:MM, ou %d/%m/%Y %H:%M",
        ),
        example="today() | date('%Q')  ->  today() | date('JJ/MM/AAAA')",
    ),
    "RG494": Message(
        Text("this pattern cannot be used: {reason}", "ce motif ne convient pas : {reason}"),
        example="event.subject | extract('{a}{b}')  ->  event.subject | extract('n°{a} du {b}')",
    ),
    "RG495": Message(
        Text(
            "“{value}” is not possible for “{name}”",
            "« {value} » n’est pas possible pour « {name} »",
        ),
        example="event.text | hash('md6')  ->  event.text | hash('sha256')",
    ),
    "RG496": Message(
        Text(
            "a part of a path cannot start with “/” nor hold “..”",
            "un morceau de chemin ne peut ni commencer par « / » ni contenir « .. »",
        ),
        why=Text(
            "it would lead out of the folder in front", "il ferait sortir du dossier qui précède"
        ),
        example="'docs' | join_path('../x')  ->  'docs' | join_path('x')",
    ),
    "RG497": Message(
        Text("this text is not valid JSON: {reason}", "ce texte n’est pas du JSON : {reason}"),
        example="'{a: 1}' | from_json  ->  '{\"a\": 1}' | from_json",
    ),
    "RG498": Message(
        Text("this date is out of reach", "cette date est hors de portée"),
        why=Text(
            "dates go from the year 1 to 9999, by steps of at most 100,000 days",
            "les dates vont de l’an 1 à 9999, par pas de 100 000 jours au plus",
        ),
        example="today() | add_days(1000000)  ->  today() | add_days(30)",
    ),
    "RG499": Message(
        Text(
            "this condition is always {value}: it tests nothing",
            "cette condition est toujours {value} : elle ne teste rien",
        ),
        fix=Text(
            "compare something that changes, such as event",
            "comparez quelque chose qui change, comme event",
        ),
        example="if: 1 == 1  ->  if: event.file.size > 0",
    ),
}
