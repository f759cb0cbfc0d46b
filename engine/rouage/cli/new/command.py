"""`rouage new`: a new recipe from the gallery or around a trigger, asked for step by step."""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from rouage.cli.new.accounts import connect
from rouage.cli.new.conversation import Conversation
from rouage.cli.new.example import can_run, first_run, place_files
from rouage.cli.new.extras import lacking, tell_after, tell_lacking
from rouage.cli.new.file import chosen_path, free_name, ids_in, write_new
from rouage.cli.new.offers import Offers, print_offers, shown_start, shown_template
from rouage.cli.parser import Parser
from rouage.cli.recipe_files import shown_here
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import RouageError, UsageError
from rouage.language import Text

if TYPE_CHECKING:
    from rouage.analysis.drafting.gallery import Template
    from rouage.catalog.catalog import Catalog
    from rouage.problem import Problem
    from rouage.sdk.connector import TriggerSpec
    from rouage.sdk.json import JSON

_WHAT: Final = Text(
    "a recipe of the gallery or a trigger; without it you are asked",
    "une recette de la galerie ou un déclencheur ; sinon, la question vous est posée",
)
_LIST: Final = Text("list what there is to choose from", "lister ce qu’il y a au choix")
_GALLERY: Final = Text(
    "folder of recipes to choose from (default: those that ship)",
    "dossier de recettes où choisir (par défaut : celles qui sont fournies)",
)
_INPUT: Final = Text(
    "an answer in advance: an input, or a parameter of the trigger",
    "une réponse d’avance : une entrée, ou un paramètre du déclencheur",
)
_NAME: Final = Text("the name people see", "le nom affiché")
_AS: Final = Text(
    "name of the file, which is the identity of the recipe",
    "nom du fichier, qui est l’identité de la recette",
)
_TRY: Final = Text("rehearse it at once, doing nothing", "l’essayer aussitôt, sans rien faire")
_FIRST: Final = Text(
    "What do you no longer want to do by hand?",
    "Qu’est-ce que vous ne voulez plus faire à la main ?",
)
_FIRST_HINT: Final = Text(
    "(a few words, or nothing to see everything)", "(quelques mots, ou rien pour tout voir)"
)
_NOTHING_FITS: Final = Text(
    "The gallery has nothing that sounds like it; here is all there is.",
    "La galerie n’a rien qui y ressemble ; voici tout ce qu’il y a.",
)
_ITS_NAME: Final = Text("What is the recipe called?", "Comment s’appelle la recette ?")
_NO_SUCH: Final = Text(
    "there is neither a recipe of the gallery nor a trigger “{what}”",
    "il n’y a ni recette de la galerie ni déclencheur « {what} »",
)
_NEAR: Final = Text("did you mean {near}?", "vouliez-vous dire {near} ?")
_SEE_LIST: Final = Text("`rouage new --list` has them all", "« rouage new --list » les donne tous")
_WHICH: Final = Text("say what the recipe is to be", "dites ce que la recette doit être")
_UNFILLED: Final = Text(
    "the recipe {id} of the gallery cannot be filled in", "la recette {id} ne peut pas être remplie"
)
_WROTE: Final = Text("Written: {file}", "Écrit : {file}")
_LEFT: Final = Text(
    "It is not ready yet; `rouage check {file}` shows where:",
    "Elle n’est pas encore prête ; « rouage check {file} » montre où :",
)
_ITSELF: Final = Text(
    "{about}\n(`rouage explain {file}` tells it step by step.)",
    "{about}\n(« rouage explain {file} » la raconte étape par étape.)",
)
_TRY_IT: Final = Text(
    "Try it now? Nothing will be done.", "L’essayer maintenant ? Rien ne sera fait."
)
_NEXT: Final = Text(
    "Next: `rouage try {file}` shows what it would do, `rouage up` runs it.",
    "Ensuite : « rouage try {file} » montre ce qu’elle ferait, « rouage up » la lance.",
)
_SECRET: Final = Text(
    "store this secret: rouage secrets set {name}", "rangez ce secret : rouage secrets set {name}"
)
_EXAMPLE: Final = Text("put its example files in place", "mettre en place ses fichiers d’exemple")
_FIRST_RUN: Final = Text(
    "do it once for real on its example, and show the result",
    "le faire une fois pour de vrai sur son exemple, et montrer le résultat",
)
_PLACE_IT: Final = Text(
    "Put the example files in place?", "Mettre les fichiers d’exemple en place ?"
)
_RUN_IT: Final = Text(
    "Do it now for real, on the example? Nothing leaves this machine.",
    "Le faire maintenant pour de vrai, sur l’exemple ? Rien ne sort de cette machine.",
)
_USUAL_STARTS: Final = 4
_SECRETS: Final = re.compile(r"\bsecrets\.([a-z][a-z0-9_]*)")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("what", about=_WHAT, nargs="?", metavar=parser.say(Text("WHAT", "QUOI")))
    parser.take("--list", about=_LIST, action="store_true")
    folder = parser.say(Text("DIR", "DOSSIER"))
    parser.take("--gallery", about=_GALLERY, metavar=folder)
    parser.take("--name", about=_NAME, metavar=parser.say(Text("NAME", "NOM")))
    parser.take("--as", about=_AS, dest="file", metavar=parser.say(Text("FILE", "FICHIER")))
    pair = parser.say(Text("NAME=VALUE", "NOM=VALEUR"))
    parser.take("--input", about=_INPUT, action="append", default=[], metavar=pair)
    parser.take("--try", about=_TRY, dest="tries", action="store_true")
    parser.take("--example", about=_EXAMPLE, action="store_true")
    parser.take("--first-run", about=_FIRST_RUN, dest="runs", action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Write the recipe, say what it does, and offer to rehearse it; 1 if it is not ready."""
    from rouage.analysis.drafting.gallery import gallery
    from rouage.analysis.drafting.plain_start import starts
    from rouage.catalog.discovery import discover
    from rouage.resources import shipped

    catalog = discover()
    chosen_from = arguments.gallery
    shelf = shipped("recipes") if chosen_from is None else session.here / Path(chosen_from)
    templates = gallery(shelf.expanduser(), session.language)
    offers = Offers(templates=templates, starts=starts(catalog))
    if arguments.list:
        return print_offers(session, offers)
    folder = session.places.recipes
    talk = None if session.is_json or not session.stdin.isatty() else Conversation(session)
    chosen = _choose(session, offers, arguments.what, talk)
    missing = lacking(catalog, chosen)
    tell_lacking(session, missing)
    text, name = _text(session, chosen, arguments, talk)
    taken = ids_in(folder)
    if arguments.file is not None:
        path = chosen_path(session, folder, arguments.file, taken)
    else:
        path = folder / f"{free_name(folder, name, taken)}.yaml"
    write_new(path, text)
    connect(session, catalog, getattr(chosen, "needs", ()), talk)
    problems = _problems(session, path, text, catalog)
    _report(session, path, text, problems, catalog)
    if problems:
        return FAILED
    if missing is not None:
        tell_after(session, missing, shown_here(session, path))
        return FAILED if arguments.runs or arguments.tries else OK
    return _try_it(session, arguments, path, chosen, talk)


def _try_it(
    session: Session,
    arguments: argparse.Namespace,
    path: Path,
    chosen: "Template | TriggerSpec",
    talk: Conversation | None,
) -> int:
    """Offer what shows what the recipe does: for real on its example, or as a rehearsal."""
    from rouage.analysis.drafting.gallery import Template

    def wants(is_asked: bool, question: Text) -> bool:
        return not session.is_json and (
            is_asked or (talk is not None and talk.agrees(session.say(question)))
        )

    template = chosen if isinstance(chosen, Template) else None
    if template is not None and can_run(template) and wants(arguments.runs, _RUN_IT):
        return first_run(session, template, path.stem)
    if template is not None and template.files() and wants(arguments.example, _PLACE_IT):
        place_files(session, template)
    if wants(arguments.tries, _TRY_IT):
        return _rehearse(session, path, None if template is None else template.event)
    session.tell(_NEXT, file=shown_here(session, path))
    return OK


# -- what it is to be --------------------------------------------------------------------------


def _choose(
    session: Session, offers: Offers, what: str | None, talk: Conversation | None
) -> "Template | TriggerSpec":
    """Return what is wanted: by its id, else by asking.

    Raises:
        UsageError: nobody can say.
    """
    found = None if what is None else offers.named(what)
    if found is not None:
        return found
    if talk is None:
        _refuse(offers, what)
    wish = what
    if wish is None:
        session.output.line(session.say(_FIRST))
        wish = talk.ask(session.say(_FIRST_HINT), str)
    return _pick(session, offers, wish, talk)


def _refuse(offers: Offers, what: str | None) -> NoReturn:
    from rouage.catalog.similar import nearest

    if what is None:
        raise UsageError(_WHICH, hint=_SEE_LIST)
    known = [one.id for one in offers.templates] + [one.id for one in offers.starts]
    near = nearest(what, known)
    raise UsageError(_NO_SUCH, hint=_NEAR if near else _SEE_LIST, what=what[:60], near=near)


def _pick(
    session: Session, offers: Offers, wish: str, talk: Conversation
) -> "Template | TriggerSpec":
    """Show what fits the wish, then the plain starts, and return the one that is chosen."""
    from rouage.analysis.drafting.gallery import best_first

    fitting, starts = best_first(offers.templates, wish), offers.starts
    if not fitting:
        session.output.line(session.say(_NOTHING_FITS))
        fitting = list(offers.templates)
    elif wish.strip():
        starts = starts[:_USUAL_STARTS]
    shown = [shown_template(session, one) for one in fitting]
    shown += [shown_start(session, one) for one in starts]
    every: list[Template | TriggerSpec] = [*fitting, *starts]
    return every[talk.choose(shown)]


# -- its text ----------------------------------------------------------------------------------


def _text(
    session: Session,
    chosen: "Template | TriggerSpec",
    arguments: argparse.Namespace,
    talk: Conversation | None,
) -> tuple[str, str]:
    """Return the text of the recipe, and what its file may be called."""
    from rouage.analysis.drafting.filling import UnfillableError, fill
    from rouage.analysis.drafting.gallery import Template
    from rouage.analysis.drafting.plain_start import draft_from
    from rouage.analysis.drafting.writing import write
    from rouage.cli.new.answers import InputAnswers, TriggerAnswers, pairs_of

    pairs = pairs_of(arguments.input)
    if isinstance(chosen, Template):
        values = InputAnswers(session, chosen.inputs).collect(pairs, talk)
        try:
            text = fill(chosen.source, _changed(chosen.inputs, values), name=arguments.name)
        except UnfillableError as error:
            raise UsageError(_UNFILLED, id=chosen.id) from error
        return text, arguments.name or chosen.id
    answers = TriggerAnswers(session, chosen).collect(pairs, talk)
    name = arguments.name
    if name is None:
        name = session.say(chosen.title)
        if talk is not None:
            name = talk.ask(session.say(_ITS_NAME), str, default=name)
    draft = draft_from(chosen, answers, name, session.language)
    return write(draft, session.language).text, name


def _changed(
    declared: Mapping[str, Mapping[str, Any]], values: "Mapping[str, JSON]"
) -> "dict[str, JSON]":
    """Return the answers that are not what the recipe says anyway."""
    return {
        name: value
        for name, value in values.items()
        if "default" not in declared[name] or declared[name]["default"] != value
    }


# -- what came of it ---------------------------------------------------------------------------


def _problems(session: Session, path: Path, text: str, catalog: "Catalog") -> "tuple[Problem, ...]":
    from rouage.cli.check.examining import file_checker

    found = file_checker(session, path, catalog)(text.encode())
    return tuple(one for one in found if one.severity == "error")


def _report(
    session: Session, path: Path, text: str, problems: "Sequence[Problem]", catalog: "Catalog"
) -> None:
    from dataclasses import replace

    from rouage.analysis.render import to_json, to_text

    shown = shown_here(session, path)
    if session.is_json:
        told = [to_json(replace(one, file=shown), session.language) for one in problems]
        session.output.data({"file": str(path), "recipe": path.stem, "diagnostics": told})
        return
    session.tell(_WROTE, file=shown)
    if not problems:
        session.output.line(_story(session, shown, text, catalog))
        return
    session.tell(_LEFT, file=shown)
    for one in problems:
        session.output.line(to_text(replace(one, file=shown), text.encode(), session.language))
    for name in dict.fromkeys(_SECRETS.findall(text)):
        session.output.line(session.say(_SECRET, name=name))


def _story(session: Session, shown: str, text: str, catalog: "Catalog") -> str:
    """Return the recipe in sentences; one of the gallery says best itself what it does."""
    from rouage.analysis.sentences.story import tell
    from rouage.recipes.reader import read

    data = read(text.encode()).data
    if isinstance(data, Mapping) and "gallery" in data and data.get("description"):
        return session.say(_ITSELF, about=data["description"], file=shown)
    return tell(data, catalog, session.language).text if isinstance(data, Mapping) else ""


def _rehearse(session: Session, path: Path, event: Path | None) -> int:
    """Show what the recipe would do about its example event, or the sample of its trigger."""
    from rouage.cli.trying import command as trying

    parser = Parser(prog="rouage try", about=_TRY, language=session.language)
    trying.configure(parser)
    parser.take_common()
    try:
        source = ["--sample"] if event is None else ["--event", str(event)]
        trying.run(session, parser.parse_args([str(path), *source]))
    except RouageError as error:
        session.complain(error)
        return FAILED
    return OK
