"""What people read when they are asked by mail."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rouage.model.run import WaitRecord
from rouage.web.errands import Errand, Way, read_errand
from rouage.web.letters import not_taken_text, question_text, subject_of, taken_text
from rouage.web.questions import ShownFile

FIELDS = {"amount": {"type": "money", "label": "Montant", "value": "1400 EUR"}}
FILE = ShownFile(path="/home/a/facture.pdf", sha256="ab" * 32, size=2_000_000)
PARIS = ZoneInfo("Europe/Paris")


def wait(**question):
    asked = {"ask": "Payer ?", "show": [{"text": "EDF"}], "fields": FIELDS, "timeout_at": None}
    return WaitRecord(run="r", recipe="pay", path="do.0", kind="approval",
                      question=asked | question)  # fmt: skip


def test_a_question_shows_its_proof_and_says_how_to_answer_and_until_when():
    until = datetime(2026, 11, 29, 12, tzinfo=UTC).isoformat()
    text = question_text(
        wait(timeout_at=until), "approval_waiting", {FILE: "attached"}, PARIS, "fr"
    )
    for part in (
        "Payer ?",
        "EDF",
        "Pièce jointe : facture.pdf (2,0 Mo)",
        "Montant : 1400 EUR",
        "« oui mais Montant : 1400 EUR »",
        "Jusqu’au 29 novembre 2026 à 13:00 (CET). Sans réponse, rien ne vaut oui.",
    ):
        assert part in text
    assert "/home/a" not in text


@pytest.mark.parametrize(
    ("state", "said"),
    [("large", "SHA-256 abababababababab"), ("changed", "un oui ne sera pas pris en compte")],
)
def test_a_file_that_does_not_go_along_is_told(state, said):
    assert said in question_text(wait(), "approval_waiting", {FILE: state}, PARIS, "fr")


def test_a_deputy_is_told_why():
    text = question_text(wait(), "approval_escalated", {}, PARIS, "en")
    assert text.startswith("Nobody decided in time, so you are asked.")


def test_without_fields_only_yes_and_no_are_offered():
    text = question_text(wait(fields={}), "approval_waiting", {}, PARIS, "en")
    assert "yes, or no." in text
    assert "yes but" not in text


def test_a_subject_is_one_short_line():
    subject = subject_of("approval_waiting", "Payer\r\nBcc: x@example.org" + "é" * 500, "fr")
    assert subject.isprintable()
    assert subject.startswith("Votre décision : Payer Bcc: x@example.org")
    assert len(subject) <= 150


def test_what_was_understood_is_told_value_by_value():
    answer = {"choice": "approve", "fields": {"amount": "1450 EUR"}}
    text = taken_text("Payer ?", FIELDS, answer, "fr")
    assert text == "C’est noté : oui.\n\nMontant : 1450 EUR\n\nLa question était : Payer ?\n"


def test_what_was_not_taken_says_why_and_what_to_write():
    text = not_taken_text("trop tard", "Payer ?", None, "fr")
    assert text == "Rien n’a été décidé : trop tard.\n\nLa question était : Payer ?\n"
    assert "oui mais Montant" in not_taken_text("pas clair", "Payer ?", FIELDS, "fr")


def test_a_way_names_a_channel_and_an_account():
    assert Way.read("mail") == Way(kind="mail")
    assert Way.read("mail/pro") == Way(kind="mail", account="pro")
    assert str(Way.read("mail/pro")) == "mail/pro"


def test_what_is_to_be_sent_survives_and_what_cannot_be_read_is_left_out():
    errand = Errand(to="a@example.org", via="mail", run="r", path="do.0", recipe="pay",
                    kind="approval_waiting", mark="told", at="2026-11-24T10:00:00Z")  # fmt: skip
    assert read_errand(errand.as_json()) == errand
    for stored in (None, {}, {**errand.as_json(), "at": "yesterday"}, {"to": 1}):
        assert read_errand(stored) is None
