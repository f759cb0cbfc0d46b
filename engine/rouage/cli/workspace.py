"""Find the workspace of a command, and read its settings file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rouage.errors import SettingsError, WorkspaceError
from rouage.language import LANGUAGES, Text
from rouage.problem import Problem
from rouage.settings import FILE_NAME, Mistake, Places, Settings, find_mistakes

STATE_FOLDERS: Final = "STATE_DIRECTORY"
"""What systemd calls the folders that it keeps for a service, the first one first."""

_LARGEST_SETTINGS: Final = 262_144

_NOWHERE: Final = Text(
    "there is no workspace here: no {file} in {folder} nor above it",
    "il n’y a pas d’espace de travail ici : pas de {file} dans {folder} ni au-dessus",
)
_NOT_ONE: Final = Text(
    "{folder} is not a workspace: it holds neither {file} nor recipes/",
    "{folder} n’est pas un espace de travail : il n’y a ni {file} ni recipes/",
)
_ABSENT: Final = Text("the folder {folder} does not exist", "le dossier {folder} n’existe pas")
_HINT: Final = Text(
    "make one with `rouage init DIR`, or name one with --workspace DIR",
    "créez-en un avec « rouage init DOSSIER », ou nommez-en un avec --workspace DOSSIER",
)
_UNREADABLE: Final = Text("{path} cannot be read: {cause}", "{path} est illisible : {cause}")
_TOO_LARGE: Final = Text("{path} is too large", "{path} est trop gros")
_AT: Final = Text("{place}: {sentence}", "{place} : {sentence}")


def find_workspace(wish: str | None, environment: Mapping[str, str], here: Path) -> Path:
    """Return the workspace: *wish*, else `ROUAGE_WORKSPACE`, else *here* or above it.

    When none of these says, it is the folder that systemd keeps for a service
    (`StateDirectory=`), whose working folder is `/` (triggers D-5).

    Raises:
        WorkspaceError: there is none.
    """
    named = wish or environment.get("ROUAGE_WORKSPACE")
    if named:
        return named_workspace(here / Path(named).expanduser())
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    kept = environment.get(STATE_FOLDERS, "").partition(":")[0]
    if kept:
        return named_workspace(Path(kept))
    raise WorkspaceError(_NOWHERE, hint=_HINT, file=FILE_NAME, folder=here)


def named_workspace(folder: Path) -> Path:
    """Return *folder* as an absolute path, if it is a workspace.

    Raises:
        WorkspaceError: it is not one.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        raise WorkspaceError(_ABSENT, hint=_HINT, folder=folder)
    if not (folder / FILE_NAME).is_file() and not (folder / "recipes").is_dir():
        raise WorkspaceError(_NOT_ONE, hint=_HINT, folder=folder, file=FILE_NAME)
    return folder.resolve()


def load_settings(workspace: Path, environment: Mapping[str, str]) -> Settings:
    """Return the settings of *workspace*.

    Raises:
        SettingsError: the file cannot be used as written; the message says where.
    """
    path = Places(workspace).settings_file
    try:
        with path.open("rb") as file:
            source = file.read(_LARGEST_SETTINGS + 1)
    except FileNotFoundError:
        return Settings.from_data(None, workspace, environment)
    except OSError as error:
        raise SettingsError(_UNREADABLE, path=path, cause=error.strerror) from error
    if len(source) > _LARGEST_SETTINGS:
        raise SettingsError(_TOO_LARGE, path=path)
    return Settings.from_data(_read_yaml(source), workspace, environment)


def _read_yaml(source: bytes) -> object:
    """Return the data of the settings file.

    Raises:
        SettingsError: it is not YAML as we read it, or holds something that does not fit.
    """
    from rouage.recipes.reader import read

    document = read(source)
    for problem in document.problems:
        if problem.severity == "error":
            raise _from_problem(problem)
    for mistake in find_mistakes(document.data):
        start = document.positions.key(mistake.path).start
        raise _placed(mistake, line=start.line, column=start.column)
    return document.data


def _from_problem(problem: Problem) -> SettingsError:
    """Return a problem of the YAML text as an error, in the words of its catalogue."""
    from rouage.analysis.render import to_json

    start = problem.range.start
    english, french = (str(to_json(problem, language)["message"]) for language in LANGUAGES)
    place = f"{FILE_NAME}:{start.line}:{start.column}"
    return SettingsError(_AT, place=place, sentence=Text(english, french))


def _placed(mistake: Mistake, *, line: int, column: int) -> SettingsError:
    error = mistake.as_error()
    sentence = Text(error.render("en"), error.render("fr"))
    place = f"{FILE_NAME}:{line}:{column}"
    return SettingsError(_AT, hint=error.hint, place=place, sentence=sentence)
