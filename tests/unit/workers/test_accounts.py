"""What an isolated action learns of the accounts of the workspace: those of its own type alone."""

import pytest

from rouage.errors import StepError
from rouage.sdk.testing import make_context
from rouage.vault import LiveAccounts


class NoSecrets:
    """A store of secrets in which there are none."""

    def current(self):
        return {}


@pytest.fixture
def context(tmp_path):
    described = {"own": {"type": "hostile", "key": "k"}, "pro": {"type": "mail", "name": "m"}}
    return make_context(tmp_path, accounts=LiveAccounts(described, NoSecrets()))


async def test_accounts_of_its_own_type_are_told(act, context):
    found = await act("hostile.account", context, text="hostile")
    assert found == {"type": "hostile", "key": "k", "account": "own"}


async def test_the_mailbox_of_the_owner_is_not_told_to_an_installed_package(act, context):
    with pytest.raises(StepError, match="may not use accounts of type “mail”"):
        await act("hostile.account", context, text="mail")
    with pytest.raises(StepError, match="no account of type"):
        await act("hostile.account", make_context(context.workspace.parent,
            accounts=LiveAccounts({}, NoSecrets())), text="hostile")  # fmt: skip
