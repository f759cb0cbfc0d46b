"""The connector `web`, and the parameters that its trigger and its action share."""

from typing import Final

from rouage.sdk import JSON, Connector, Text

connector = Connector(
    "web",
    title=Text("Web pages", "Pages web"),
    about=Text(
        "Web pages: the text of a page, and when it changes.",
        "Pages web : le texte d’une page, et quand il change.",
    ),
)

SELECT: Final = Text(
    "Which part of the page: a tag, .class, #id, or several from outside to inside "
    "(“main .price”). The whole page, unless given.",
    "Quelle partie de la page : une balise, .classe, #id, ou plusieurs de l’extérieur vers "
    "l’intérieur (« main .prix »). Toute la page, sauf indication.",
)
SELECT_TITLE: Final = Text("Part of the page", "Partie de la page")
MATCH: Final = Text(
    "Which lines count: a pattern such as *price*, or several. All, unless given.",
    "Quelles lignes comptent : un motif comme *prix*, ou plusieurs. Toutes, sauf indication.",
)
MATCH_TITLE: Final = Text("Lines that count", "Lignes qui comptent")
IGNORE: Final = Text(
    "Lines to leave out, by pattern: what changes at every look (*visitors today*).",
    "Lignes à laisser de côté, par motif : ce qui change à chaque regard (*visiteurs*).",
)
IGNORE_TITLE: Final = Text("Lines to leave out", "Lignes à laisser")

_LINES: Final[dict[str, JSON]] = {"type": "array", "items": {"type": "string"}}
COMPARED: Final[dict[str, JSON]] = {
    "title": {"type": "string", "description": "The title of the page"},
    "text": {"type": "string", "description": "Its text now"},
    "added": {**_LINES, "description": "Lines that are new"},
    "removed": {**_LINES, "description": "Lines that are gone"},
    "diff": {"type": "string", "description": "Both in their place, with + and - before them"},
}
"""What is told of a page, in the order in which people read it."""
