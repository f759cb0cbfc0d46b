"""`rouage new` from the gallery: accounts asked for once, examples in place, nothing spoilt."""

import io
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from rouage.analysis.drafting.gallery import best_first, gallery
from rouage.cli.new import command as new
from rouage.cli.new.accounts import add_account
from rouage.cli.new.example import can_run
from rouage.errors import WorkspaceError
from rouage.recipes.reader import read
from rouage.resources import shipped

SIRET = "73282932000074"


class Terminal(io.StringIO):
    """Answers as a person at a terminal gives them."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def written(make_session, workspace):
    def run(what=None, *, answers=None, **options):
        flags = {"list": False, "name": None, "file": None, "input": [], "tries": False}
        flags |= {"gallery": None, "example": False, "runs": False}
        flags |= {name: options.pop(name) for name in list(options) if name in flags}
        spoken = make_session(options.pop("here", workspace), **options)
        if answers is not None:
            spoken.session.stdin = Terminal("".join(f"{one}\n" for one in answers))
        return new.run(spoken.session, Namespace(what=what, **flags)), spoken

    return run


def settings(workspace: Path) -> Any:
    return read((workspace / "rouage.yaml").read_bytes()).data


# -- what is offered -----------------------------------------------------------------------------


def first(language: Any, wish: str) -> str:
    found = best_first(gallery(shipped("recipes"), language), wish)
    return str(found[0].origin.get("id", found[0].id))


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [
        ("facture", "first-invoice"),
        ("relancer les impayés", "reminders"),
        ("répondre aux clients", "on-site-answer"),
        ("déclarer à l’URSSAF", "urssaf-reminder"),
        ("la newsletter", "monthly-letter"),
        ("livrer les photos de mariage", "client-session"),
        ("les heures de la semaine", "friday-hours"),
        ("factures des fournisseurs", "supplier-invoice"),
        ("rembourser un client", "credit-note"),
    ],
)
def test_everyday_words_find_the_recipe(wish, wanted):
    assert first("fr", wish) == wanted


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [("invoice", "first-invoice"), ("chase unpaid bills", "reminders"), ("refund", "credit-note")],
)
def test_everyday_words_find_the_recipe_in_english(wish, wanted):
    assert first("en", wish) == wanted


def test_the_list_tells_cost_and_gain(written):
    _, spoken = written(list=True, is_json=True)
    one = next(one for one in json.loads(spoken.out)["gallery"] if one["id"] == "reminders")
    assert one["cost"] == "0 €"
    assert one["minutes"] == 30
    assert one["needs"] == ["seller", "mail"]
    assert one["version"] == 1


def test_a_recipe_is_found_by_its_id_in_any_language(written, workspace):
    assert written("relances", language="fr")[0] == 0
    assert written("reminders", language="fr", file="other")[0] == 0
    names = sorted(path.name for path in (workspace / "recipes").iterdir())
    assert names == ["other.yaml", "relances.yaml"]


def test_the_recipe_keeps_where_it_comes_from(written, workspace):
    written("reminders", language="en")
    data = read((workspace / "recipes" / "reminders.yaml").read_bytes()).data
    assert data["gallery"]["id"] == "reminders"
    assert data["gallery"]["version"] == 1


# -- accounts ------------------------------------------------------------------------------------


def test_nobody_to_ask_is_told_what_is_missing(written, workspace):
    before = (workspace / "rouage.yaml").read_bytes()
    _, spoken = written("first-invoice", language="en")
    assert "An account of type seller is still to be described" in spoken.out
    assert (workspace / "rouage.yaml").read_bytes() == before


def test_a_seller_is_asked_for_once_and_wrong_numbers_are_asked_again(written, workspace):
    who = ["1234", SIRET, "Zoé Lefèvre", "nowhere", "3 rue des Lilas, 69003 Lyon", "", ""]
    code, spoken = written("first-invoice", answers=["", "", *who, "n", "n"], language="en")
    assert code == 0
    assert settings(workspace)["accounts"]["me"] == {
        "type": "seller",
        "siret": SIRET,
        "name": "Zoé Lefèvre",
        "address": "3 rue des Lilas, 69003 Lyon",
    }
    assert "1234" in spoken.out or "SIRET" in spoken.out
    _, again = written("monday-report", answers=["", "", "n", "n", "n"], language="en")
    assert "This is asked once" not in again.out


def test_without_a_number_an_invented_workshop_stands_in(written, workspace):
    _, spoken = written("first-invoice", answers=["", "", "", "n", "n"], language="fr")
    seller = settings(workspace)["accounts"]["moi"]
    assert seller["trade_name"] == "ATELIER EXEMPLE"
    assert "mettez-y votre nom" in spoken.out


def test_a_mailbox_is_named_and_its_password_left_to_the_secrets(written, workspace):
    answers = ["no address", "zoe@example.org", "n", "n", "n"]
    _, spoken = written("on-site-answer", answers=["", *answers], language="en")
    mail = settings(workspace)["accounts"]["pro"]
    assert mail["address"] == "zoe@example.org"
    assert mail["password"] == "${{ secrets.mail_pro }}"
    assert "rouage secrets set mail_pro" in spoken.out


@pytest.mark.parametrize(
    "text",
    [
        "language: en\n",
        "language: en\naccounts:\n  shop:\n    type: mqtt\n    host: example.org\n# end\n",
        "accounts:   # mine\n  shop: {type: mqtt}\nlanguage: en",
    ],
)
def test_the_rest_of_the_settings_stays_as_it_is(make_session, workspace, text):
    file = workspace / "rouage.yaml"
    file.write_text(text, encoding="utf-8")
    before = settings(workspace)
    session = make_session(workspace).session
    add_account(session, "me", {"type": "seller", "siret": SIRET})
    after = settings(workspace)
    assert after["accounts"].pop("me") == {"type": "seller", "siret": SIRET}
    assert (after["accounts"] or None) == before.get("accounts")
    assert {**after, "accounts": 0} == {**before, "accounts": 0}
    assert all(line in file.read_text(encoding="utf-8") for line in text.splitlines())


@pytest.mark.parametrize("text", ["accounts: {shop: {type: mqtt}}\n", '"accounts": {}\n'])
def test_settings_that_cannot_be_changed_safely_are_left(make_session, workspace, text):
    file = workspace / "rouage.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError):
        add_account(make_session(workspace).session, "me", {"type": "seller"})
    assert file.read_text(encoding="utf-8") == text


# -- examples ------------------------------------------------------------------------------------


def test_example_files_are_put_in_place_and_never_over_others(written, workspace):
    kept = workspace / "files" / "clients.csv"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine\n", encoding="utf-8")
    _, spoken = written("friday-hours", language="en", example=True)
    assert kept.read_text(encoding="utf-8") == "mine\n"
    assert (workspace / "files" / "hours.csv").is_file()
    assert "files/hours.csv" in spoken.out
    assert not (workspace / "event.json").exists()


def test_it_is_tried_on_its_own_example(written, workspace):
    code, spoken = written("supplier-invoice", language="en", example=True, tries=True)
    assert code == 0
    assert "F-31" in spoken.out


def test_only_what_stays_at_home_is_done_for_real(workspace):
    ready = {one.origin.get("id") for one in gallery(shipped("recipes"), "en") if can_run(one)}
    assert ready == {"first-invoice", "client-session", "shop-photos", "monday-report"}
