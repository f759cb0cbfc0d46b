"""What the parser says: broken syntax, and habits brought from other languages."""

from typing import Final

from rouage.expressions.message import Message
from rouage.language import Text

_DOCUMENT_HABITS: Final = Text(
    "expressions are a small language of their own, made to be read aloud",
    "les expressions forment un petit langage à part, fait pour être lu à voix haute",
)

SYNTAX: Final[dict[str, Message]] = {
    "RG400": Message(
        Text("this expression is empty", "cette expression est vide"),
        fix=Text(
            "write a name or a value, for example event.file.name",
            "écrivez un nom ou une valeur, par exemple event.file.name",
        ),
        example="${{ }}  ->  ${{ event.file.name }}",
    ),
    "RG401": Message(
        Text("“{found}” was not expected here", "« {found} » n’était pas attendu ici"),
        why=Text(
            "between two values there must be an operator, a filter or a comma",
            "entre deux valeurs, il faut un opérateur, un filtre ou une virgule",
        ),
        example="event.name event.date  ->  event.name ~ event.date",
    ),
    "RG402": Message(
        Text("the expression stops too early", "l’expression s’arrête trop tôt"),
        why=Text("a value is missing at the end", "il manque une valeur à la fin"),
        example="event.size >  ->  event.size > 10",
    ),
    "RG403": Message(
        Text("this text is never closed", "ce texte n’est jamais fermé"),
        fix=Text("add the closing quote {quote}", "ajoutez le guillemet fermant {quote}"),
        example="event.name == 'abc  ->  event.name == 'abc'",
    ),
    "RG404": Message(
        Text(
            "“{found}” means nothing inside a text", "« {found} » ne veut rien dire dans un texte"
        ),
        why=Text(
            r"a backslash starts an escape: \n \t \\ \' \" or \u00e9",
            r"une barre oblique inverse annonce un code : \n \t \\ \' \" ou \u00e9",
        ),
        fix=Text(r"write \\ for one backslash", r"écrivez \\ pour une barre oblique inverse"),
        example=r"'C:\Users'  ->  'C:\\Users'",
    ),
    "RG405": Message(
        Text("“{found}” is not a number", "« {found} » n’est pas un nombre"),
        fix=Text(
            "write digits with a decimal point, for example 1234.5; quote it if it is a text",
            "écrivez des chiffres avec un point décimal, par exemple 1234.5 ; "
            "mettez des guillemets si c’est un texte",
        ),
        example="1_000  ->  1000",
    ),
    "RG406": Message(
        Text(
            "the character “{found}” ({name}) has no meaning in an expression",
            "le caractère « {found} » ({name}) n’a pas de sens dans une expression",
        ),
        why=Text("only inside quotes may it stand", "il n’a sa place qu’entre guillemets"),
        example="event.name # note  ->  event.name",
    ),
    "RG407": Message(
        Text(
            "the expression that starts here is never closed",
            "l’expression qui commence ici n’est jamais fermée",
        ),
        fix=Text(
            "add two closing braces after it; to write the sign itself, double its dollar",
            "ajoutez deux accolades fermantes ; pour écrire le signe lui-même, doublez son dollar",
        ),
        example="Hello ${{ event.name  ->  Hello ${{ event.name }}",
    ),
    "RG408": Message(
        Text(
            "a condition is one expression: nothing may stand around its double braces",
            "une condition est une seule expression : rien ne doit entourer ses accolades",
        ),
        why=Text(
            "a mixture would be a text, and a text is neither true nor false",
            "un mélange serait un texte, et un texte n’est ni vrai ni faux",
        ),
        fix=Text("write the whole condition without braces", "écrivez tout sans accolades"),
        example="if: ${{ event.a }} and event.b  ->  if: event.a and event.b",
    ),
    "RG409": Message(
        Text(
            "“{found}” cannot stand inside an expression",
            "« {found} » n’a pas sa place dans une expression",
        ),
        why=Text(
            "inside an expression, names are written bare",
            "dans une expression, les noms s’écrivent tels quels",
        ),
        example="${{ ${{ event.name }} | upper }}  ->  ${{ event.name | upper }}",
    ),
    "RG410": Message(
        Text(
            "this expression is too long: {size} characters, at most {limit}",
            "cette expression est trop longue : {size} caractères, {limit} au plus",
        ),
        fix=Text("cut it in two with a step “set”", "coupez-la en deux avec une étape « set »"),
        example="an expression of 3,000 characters  ->  set: {total: ...}",
    ),
    "RG411": Message(
        Text(
            "this expression holds too many words and signs: at most {limit}",
            "cette expression contient trop de mots et de signes : {limit} au plus",
        ),
        fix=Text("cut it in two with a step “set”", "coupez-la en deux avec une étape « set »"),
        example="600 words and signs  ->  set: {total: ...}",
    ),
    "RG412": Message(
        Text(
            "this expression is nested too deeply: at most {limit} levels",
            "cette expression est trop imbriquée : {limit} niveaux au plus",
        ),
        fix=Text("cut it in two with a step “set”", "coupez-la en deux avec une étape « set »"),
        example="((((((…))))))  ->  set: {part: ...}",
    ),
    "RG413": Message(
        Text("comparisons cannot be chained", "les comparaisons ne s’enchaînent pas"),
        fix=Text("join two comparisons with “and”", "reliez deux comparaisons par « and »"),
        example="1 < x < 5  ->  1 < x and x < 5",
    ),
    "RG414": Message(
        Text(
            "after “is” only “defined” or “not defined” can stand",
            "après « is », seuls « defined » ou « not defined » conviennent",
        ),
        fix=Text(
            "to compare, use ==, for example == null", "pour comparer, utilisez ==, ainsi == null"
        ),
        example="event.name is none  ->  event.name == null",
    ),
    "RG415": Message(
        Text("after “.” comes the name of a field", "après « . » vient le nom d’un champ"),
        fix=Text(
            "for any other name, use brackets: event['my field'] or rows[0]",
            "pour tout autre nom, utilisez des crochets : event['mon champ'] ou lignes[0]",
        ),
        example="event.rows.0  ->  event.rows[0]",
    ),
    "RG416": Message(
        Text("after “|” comes the name of a filter", "après « | » vient le nom d’un filtre"),
        example="event.name | 'x'  ->  event.name | default('x')",
    ),
    "RG417": Message(
        Text("“{opening}” is never closed", "« {opening} » n’est jamais fermé"),
        fix=Text("add the missing “{closing}”", "ajoutez « {closing} », qui manque"),
        example="(event.a + 1  ->  (event.a + 1)",
    ),
    "RG418": Message(
        Text(
            "“if” needs its “else” in an expression",
            "dans une expression, « if » veut son « else »",
        ),
        example="'a' if event.ok  ->  'a' if event.ok else 'b'",
    ),
    "RG420": Message(
        Text("“{found}” is not used here", "« {found} » ne s’utilise pas ici"),
        why=_DOCUMENT_HABITS,
        fix=Text("write “{instead}”", "écrivez « {instead} »"),
        example="event.a && event.b  ->  event.a and event.b",
    ),
    "RG421": Message(
        Text(
            "one “=” would give a value to a name; nothing is assigned in an expression",
            "un seul « = » donnerait une valeur à un nom ; une expression n’affecte rien",
        ),
        fix=Text("to compare, write “==”", "pour comparer, écrivez « == »"),
        example="event.state = 'paid'  ->  event.state == 'paid'",
    ),
    "RG422": Message(
        Text("“{found}” does not exist here", "« {found} » n’existe pas ici"),
        fix=Text(
            "for a value that may be missing, write x | default('…') or x is defined",
            "pour une valeur qui peut manquer, écrivez x | default('…') ou x is defined",
        ),
        example="event.client?.name  ->  event.client.name | default('')",
    ),
    "RG423": Message(
        Text(
            "a choice is not written with “?” and “:”",
            "un choix ne s’écrit pas avec « ? » et « : »",
        ),
        fix=Text("write: a if condition else b", "écrivez : a if condition else b"),
        example="event.ok ? 'yes' : 'no'  ->  'yes' if event.ok else 'no'",
    ),
    "RG424": Message(
        Text("“{found}” is a typographic quote", "« {found} » est un guillemet typographique"),
        why=Text("word processors put it there", "les traitements de texte le glissent là"),
        fix=Text("use a straight quote: ' or \"", "utilisez un guillemet droit : ' ou \""),
        example="event.name == “abc”  ->  event.name == 'abc'",
    ),
    "RG425": Message(
        Text("“.{name}” is not the way to measure here", "« .{name} » ne sert pas à mesurer ici"),
        fix=Text("write “| length”", "écrivez « | length »"),
        example="event.name.length > 3  ->  (event.name | length) > 3",
    ),
    "RG426": Message(
        Text(
            "“.{name}(…)” is a method call; values have no methods here",
            "« .{name}(…) » est un appel de méthode ; ici, les valeurs n’en ont pas",
        ),
        fix=Text("use a filter: value | {instead}", "utilisez un filtre : valeur | {instead}"),
        example="event.name.toLowerCase()  ->  event.name | lower",
    ),
    "RG427": Message(
        Text(
            "there is no power operator “{found}”", "il n’y a pas d’opérateur puissance « {found} »"
        ),
        why=Text(
            "every operator must know the size of its result beforehand",
            "chaque opérateur doit connaître d’avance la taille de son résultat",
        ),
        fix=Text("multiply: x * x", "multipliez : x * x"),
        example="event.side ** 2  ->  event.side * event.side",
    ),
    "RG428": Message(
        Text(
            "objects cannot be written inside an expression",
            "on n’écrit pas d’objet dans une expression",
        ),
        fix=Text(
            "write the object in YAML, with an expression for each value",
            "écrivez l’objet en YAML, avec une expression pour chaque valeur",
        ),
        example="${{ {'a': event.a} }}  ->  data: {a: \"${{ event.a }}\"}",
    ),
    "RG429": Message(
        Text(
            "“{name}” is a function: it needs its parentheses",
            "« {name} » est une fonction : il lui faut ses parenthèses",
        ),
        fix=Text("write {name}()", "écrivez {name}()"),
        example="now | iso  ->  now() | iso",
    ),
}
"""Codes RG400 to RG429."""
