"""Accounts: described in `rouage.yaml`, filled in with secrets, and found by type and name."""

import pytest

from rouage.errors import SettingsError, StepError
from rouage.secrets import SecretStore
from rouage.settings import Settings
from rouage.vault import LiveAccounts, LiveSecrets

PRO = {"type": "mail", "address": "a@example.org", "password": "${{ secrets.mail_pro }}"}
BOT = {"type": "notify", "urls": ["tgram://${{ secrets.bot }}/${{secrets.room}}/"]}


@pytest.fixture
def accounts(tmp_path):
    """Return a function that makes the accounts of a workspace with its secrets."""

    def make(described, **secrets):
        store = SecretStore(tmp_path / ".rouage" / "secrets.json")
        for name, value in secrets.items():
            store.set(name, value)
        settings = Settings.from_data({"accounts": described}, tmp_path)
        return LiveAccounts(settings.accounts, LiveSecrets(store))

    return make


def test_an_account_is_given_with_its_secrets_in_clear(accounts):
    found = accounts({"pro": PRO, "bot": BOT}, mail_pro="s3cret", bot="123:abc", room="42")
    assert found.find("mail") == {**PRO, "password": "s3cret", "account": "pro"}
    assert found.find("notify", "bot")["urls"] == ["tgram://123:abc/42/"]
    assert found.told == 2


def test_a_value_that_looks_like_a_reference_is_not_read_again(accounts):
    found = accounts({"pro": PRO}, mail_pro="${{ secrets.other }}", other="x")
    assert found.find("mail")["password"] == "${{ secrets.other }}"


def test_what_is_missing_is_said_with_the_next_gesture(accounts):
    with pytest.raises(StepError, match=r"rouage.yaml holds no account of type “mail”") as error:
        accounts({}).find("mail")
    assert "`pro: {type: mail, …}`" in error.value.render_hint("en")
    found = accounts({"pro": PRO, "second": PRO, "bot": BOT})
    with pytest.raises(StepError, match="several accounts") as error:
        found.find("mail")
    assert error.value.render_hint("fr") == "nommez l’un d’eux : pro, second"
    with pytest.raises(StepError, match="no account “bot” of type “mail”"):
        found.find("mail", "bot")
    with pytest.raises(StepError, match="needs the secret mail_pro") as error:
        found.find("mail", "pro")
    assert "rouage secrets set mail_pro" in error.value.render_hint("en")


@pytest.mark.parametrize(
    "described",
    [
        {"pro": {**PRO, "password": "in clear"}},
        {"pro": {**PRO, "smtp": {"auth_token": "in clear"}}},
        {"pro": {"address": "a@example.org"}},
        {"pro": {"type": "Mail"}},
        {"Pro": PRO},
        {"pro": {**PRO, "name": "${{ inputs.x }}"}},
        {"pro": ["mail"]},
        ["pro"],
        {"pro": {**PRO, "a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}},
    ],
)
def test_a_description_that_cannot_be_used_is_refused_whole(tmp_path, described):
    with pytest.raises(SettingsError) as error:
        Settings.from_data({"accounts": described}, tmp_path)
    assert "in clear" not in str(error.value)
    assert "secrets" in error.value.render_hint("fr")
