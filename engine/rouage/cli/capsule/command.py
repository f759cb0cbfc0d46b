"""`rouage capsule RUN --to FILE`: one encrypted file for the person who helps.

`open` unpacks it elsewhere, `patch` makes the answer, and `accept` takes the answer in.
"""

import argparse
import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.capsule.files import named_file, read_file, write_new
from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text
from rouage.settings import Places

if TYPE_CHECKING:
    from collections.abc import Callable

_WHAT: Final = Text(
    "the run to pack (or `last`), or: key, open FILE, patch [FOLDER], accept FILE",
    "l’exécution à emballer (ou « last »), ou : key, open FICHIER, patch [DOSSIER], accept FICHIER",
)
_FOR: Final = Text(
    "the key of the person who helps (age1…), instead of a passphrase",
    "la clé de la personne qui aide (age1…), au lieu d’une phrase secrète",
)
_YOURS: Final = Text(
    "Tell this key to whoever packs a run for you (`rouage capsule RUN --for KEY`):",
    "Donnez cette clé à qui emballe une exécution pour vous "
    "(« rouage capsule EXÉCUTION --for CLÉ ») :",
)
_SECRET_PART: Final = Text(
    "What opens such capsules stays in {path}; give it to nobody.",
    "Ce qui ouvre ces capsules reste dans {path} ; ne le donnez à personne.",
)
_MADE_FOR: Final = Text(
    "{path} is ready to send. Only the person with this key can open it: {key}",
    "{path} est prête à être envoyée. Seule la personne qui a cette clé peut l’ouvrir : {key}",
)
_FILE: Final = Text("the file or folder to work on", "le fichier ou dossier sur lequel travailler")
_TO: Final = Text("the file to write, or the folder to unpack into", "le fichier à écrire, ou le "
                  "dossier où déballer")  # fmt: skip
_YES: Final = Text("with accept: do not ask", "avec accept : ne pas demander de confirmation")
_NO_TO: Final = Text("say where to: --to FILE", "dites où l’écrire : --to FICHIER")
_THERE: Final = Text("{path} exists already", "{path} existe déjà")
_CHOOSE: Final = Text("choose another name with --to", "choisissez un autre nom avec --to")
_PASSPHRASE: Final = Text("Passphrase: ", "Phrase secrète : ")
_MADE: Final = Text(
    "{path} is ready to send. It opens with this passphrase, which you tell by another way, such "
    "as the telephone:",
    "{path} est prête à être envoyée. Elle s’ouvre avec cette phrase secrète, à dire par un autre "
    "chemin, le téléphone par exemple :",
)
_INSIDE: Final = Text(
    "Inside: the recipe as it is written, and this run under other names. Received files stay "
    "here.",
    "Dedans : la recette telle qu’elle est écrite, et cette exécution sous d’autres noms. Les "
    "fichiers reçus restent ici.",
)
_AMOUNTS: Final = Text(
    "Amounts are the real ones: with others the recipe would do something else.",
    "Les montants sont les vrais : avec d’autres, la recette ferait autre chose.",
)
_DIFFERS: Final = Text(
    "Under other names the recipe does not come to the same: the trace will help more.",
    "Sous d’autres noms la recette n’arrive pas au même résultat : la trace aidera davantage.",
)
_OPENED: Final = Text(
    "{folder} is ready: run {run} of {recipe} ended as “{state}”.\n"
    "  play it again        rouage test --workspace {folder}\n"
    "  change the recipe    {file}\n"
    "  send the change back rouage capsule patch {folder} --to {recipe}.patch.json",
    "{folder} est prêt : l’exécution {run} de {recipe} a fini « {state} ».\n"
    "  la rejouer           rouage test --workspace {folder}\n"
    "  changer la recette   {file}\n"
    "  renvoyer le changement  rouage capsule patch {folder} --to {recipe}.patch.json",
)
_STEP: Final = Text("{path}  {action}  {state}", "{path}  {action}  {state}")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("what", about=_WHAT, metavar=parser.say(Text("RUN", "EXÉCUTION")))
    parser.take("file", about=_FILE, nargs="?", metavar=parser.say(Text("FILE", "FICHIER")))
    parser.take("--to", about=_TO, metavar=parser.say(Text("FILE", "FICHIER")))
    parser.take("--for", about=_FOR, dest="key", metavar=parser.say(Text("KEY", "CLÉ")))
    parser.take("--yes", about=_YES, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Pack, unpack, answer or accept.

    Raises:
        RouageError: that cannot be done; the message says why.
    """
    from rouage.cli.capsule.patch import accept, patch

    words: dict[str, Callable[[Session, argparse.Namespace], int]] = {
        "key": tell_key,
        "open": unpack,
        "patch": patch,
        "accept": accept,
    }
    return words.get(arguments.what, pack)(session, arguments)


def pack(session: Session, arguments: argparse.Namespace) -> int:
    """Write the capsule of a run, and tell its passphrase."""
    from rouage.cli.capsule.making import make
    from rouage.rehearsal.agefile import new_passphrase, seal, seal_for
    from rouage.rehearsal.agekey import read_recipient

    if arguments.to is None:
        raise UsageError(_NO_TO)
    recipient = None if arguments.key is None else read_recipient(arguments.key)
    made = make(session, arguments.what)
    passphrase = new_passphrase() if recipient is None else None
    content = json.dumps(made.data, ensure_ascii=False).encode("utf-8", "backslashreplace")
    path = session.here / Path(arguments.to).expanduser()
    sealed = seal_for(content, recipient) if recipient else seal(content, passphrase or "")
    write_new(path, sealed)
    made.remember(session)
    if session.is_json:
        session.output.data(
            {
                "file": str(path),
                "passphrase": passphrase,
                "for": arguments.key,
                "amounts_scaled": made.is_scaled,
                "plays": made.plays,
            }
        )
        return OK
    if passphrase is None:
        session.tell(_MADE_FOR, path=path, key=arguments.key)
    else:
        session.tell(_MADE, path=path)
        session.output.line(f"    {passphrase}")
    session.tell(_INSIDE)
    if not made.plays:
        session.tell(_DIFFERS)
    elif not made.is_scaled:
        session.tell(_AMOUNTS)
    return OK


def tell_key(session: Session, arguments: argparse.Namespace) -> int:
    """Print the key of this person, which is made at the first time."""
    from rouage.rehearsal.agekey import key_file, public_key

    del arguments
    path = key_file()
    key = public_key(path)
    if session.is_json:
        session.output.data({"key": key, "file": str(path)})
        return OK
    session.tell(_YOURS)
    session.output.line(f"    {key}")
    session.tell(_SECRET_PART, path=path)
    return OK


def unpack(session: Session, arguments: argparse.Namespace) -> int:
    """Unpack a capsule into a folder of its own, and show its trace."""
    from rouage.cli.starter import GIT_IGNORE
    from rouage.rehearsal.capsule import read
    from rouage.rehearsal.writing import item

    path = named_file(session, arguments.file)
    sealed = read_file(path)
    data = read(_unsealed(session, sealed))
    folder = session.here / Path(arguments.to or path.stem).expanduser()
    if folder.exists():
        raise WorkspaceError(_THERE, hint=_CHOOSE, path=folder)
    places = Places(folder)
    places.recipes.mkdir(parents=True)
    places.state.mkdir(mode=0o700)
    (places.state / ".gitignore").write_text(GIT_IGNORE, encoding="utf-8")
    facts, recipe = data["facts"], data["recipe"]
    settings = {"language": session.language, "timezone": facts["timezone"]}
    places.settings_file.write_text(
        "".join(f"{name}: {json.dumps(str(value))}\n" for name, value in settings.items()),
        encoding="utf-8",
    )
    file = places.recipes / recipe["file"]
    file.write_bytes(recipe["text"].encode())
    tests = "cases:\n" + item(data["case"], 2)
    file.with_name(f"{file.stem}.test.yaml").write_text(tests, encoding="utf-8")
    (folder / "capsule.json").write_text(
        json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    _tell_opened(session, folder, data, file)
    return OK


def _tell_opened(session: Session, folder: Path, data: dict[str, Any], file: Path) -> None:
    from rouage.cli.states import state_word

    if session.is_json:
        shown = {name: one for name, one in data.items() if name != "reply_key"}
        session.output.data({"folder": str(folder), **shown})
        return
    run, recipe = data["run"], data["recipe"]
    for step in run["steps"]:
        state = state_word(str(step["state"]), session.language)
        session.tell(_STEP, path=step["path"], action=step["action"], state=state)
    session.output.line()
    state = state_word(str(run["state"]), session.language)
    session.tell(_OPENED, folder=folder, run=run["id"], recipe=recipe["id"], state=state, file=file)


def _unsealed(session: Session, sealed: bytes) -> bytes:
    from rouage.rehearsal.agefile import is_for_key, unseal, unseal_with
    from rouage.rehearsal.agekey import key_file, read_secret

    if is_for_key(sealed):
        return unseal_with(sealed, read_secret(key_file()))
    return unseal(sealed, _ask_passphrase(session))


def _ask_passphrase(session: Session) -> str:
    if session.stdin.isatty():
        return getpass.getpass(session.say(_PASSPHRASE))
    return session.stdin.readline(1_000).strip()
