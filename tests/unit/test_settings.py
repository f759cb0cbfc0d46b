"""What `rouage.yaml` and the environment may say."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rouage.errors import SettingsError
from rouage.resources import shipped
from rouage.settings import FIELDS, Places, Settings, find_mistakes, settings_schema
from rouage.settings.values import as_timezone

WORKSPACE = Path("/somewhere")


def test_an_empty_file_gives_the_defaults():
    settings = Settings.from_data(None, WORKSPACE, {"TZ": "Europe/Paris"})
    assert (settings.port, settings.hooks_port) == (8470, 8471)
    assert settings.hosts == ("127.0.0.1", "::1")
    assert settings.grace_seconds == 20
    assert settings.timezone == "Europe/Paris"
    assert settings.zone.key == "Europe/Paris"
    assert settings.language == "en"


def test_every_setting_is_read():
    settings = Settings.from_data(
        {
            "rouage": 1,
            "language": "fr",
            "timezone": "America/Martinique",
            "port": 0,
            "hooks_port": 9000,
            "hosts": "127.0.0.1",
            "allowed_hosts": ["Hooks.Example.org"],
            "public_url": "https://shop.example.org/",
            "folders": ["~/Documents", "more"],
            "inputs": {"sort": {"folder": "x"}},
            "grace": "2m",
            "log_level": "debug",
        },
        WORKSPACE,
    )
    assert settings.language == "fr"
    assert settings.timezone == "America/Martinique"
    assert (settings.port, settings.hooks_port, settings.hosts) == (0, 9000, ("127.0.0.1",))
    assert settings.allowed_hosts == ("hooks.example.org",)
    assert settings.public_url == "https://shop.example.org"
    assert settings.console_hosts == ("hooks.example.org", "shop.example.org")
    assert settings.address_of(8470) == "https://shop.example.org"
    assert settings.folders == (Path("~/Documents").expanduser(), WORKSPACE / "more")
    assert settings.inputs == {"sort": {"folder": "x"}}
    assert (settings.grace_seconds, settings.log_level) == (120, "debug")


def test_the_environment_overrides_the_file():
    environment = {
        "ROUAGE_LANG": "fr_FR.UTF-8",
        "ROUAGE_PORT": "0",
        "ROUAGE_HOOKS_PORT": "7000",
        "ROUAGE_TIMEZONE": "UTC",
        "ROUAGE_GRACE": "5s",
        "ROUAGE_LOG_LEVEL": "error",
    }
    settings = Settings.from_data({"language": "en", "port": 1}, WORKSPACE, environment)
    assert settings.language == "fr"
    assert (settings.port, settings.hooks_port) == (0, 7000)
    assert (settings.timezone, settings.grace_seconds, settings.log_level) == ("UTC", 5, "error")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LC_ALL": "en_GB.UTF-8", "LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_decides_when_nobody_else_does(environment: dict[str, str], language: str):
    assert Settings.from_data({}, WORKSPACE, environment).language == language


def test_a_wrong_variable_is_named():
    with pytest.raises(SettingsError, match="ROUAGE_PORT"):
        Settings.from_data({}, WORKSPACE, {"ROUAGE_PORT": "many"})


WRONG = [
    ("port", "8470"),
    ("port", True),
    ("port", -1),
    ("port", 65_536),
    ("port", None),
    ("language", "de"),
    ("language", ["fr"]),
    ("timezone", "Mars/Olympus"),
    ("timezone", "../etc/passwd"),
    ("timezone", 2),
    ("hosts", "0.0.0.0"),  # noqa: S104 - the point of the test
    ("hosts", "192.168.1.10"),
    ("hosts", "localhost"),
    ("hosts", []),
    ("allowed_hosts", ["http://example.org"]),
    ("allowed_hosts", ["example.org:80"]),
    ("public_url", "http://example.org"),
    ("public_url", "https://example.org/path"),
    ("public_url", "https://user@example.org"),
    ("public_url", "https://-example.org"),
    ("public_url", 1),
    ("folders", [""]),
    ("folders", [1]),
    ("folders", {"a": 1}),
    ("folders", ["a\0b"]),
    ("inputs", {"sort": 1}),
    ("inputs", []),
    ("grace", 20),
    ("grace", "20"),
    ("grace", "11m"),
    ("grace", "²s"),
    ("log_level", "loud"),
    ("rouage", 2),
    ("rouage", True),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_value_that_does_not_fit_is_told_in_both_languages(name: str, value: Any):
    (mistake,) = find_mistakes({name: value})
    assert mistake.path == (name,)
    error = mistake.as_error()
    assert name in error.render("en")
    assert name in error.render("fr")
    assert "{" not in error.render("en") + error.render("fr")
    with pytest.raises(SettingsError):
        Settings.from_data({name: value}, WORKSPACE)


def test_an_address_beyond_this_machine_is_refused_with_the_way_out():
    (mistake,) = find_mistakes({"hosts": ["0.0.0.0"]})  # noqa: S104 - the point of the test
    assert "tunnel" in str(mistake.as_error().render_hint("fr"))


def test_an_unknown_setting_names_the_nearest_one():
    (mistake,) = find_mistakes({"hook_port": 1})
    assert "hooks_port" in str(mistake.as_error().render_hint("en"))
    (mistake,) = find_mistakes({"zzz": 1})
    assert "timezone" in str(mistake.as_error().render_hint("en"))


def test_all_mistakes_are_found_at_once():
    paths = [mistake.path for mistake in find_mistakes({"port": "x", "colour": 1, "grace": 3})]
    assert paths == [("port",), ("colour",), ("grace",)]


@pytest.mark.parametrize("data", [[], "text", 3, True])
def test_settings_that_are_no_mapping_are_refused(data: Any):
    (mistake,) = find_mistakes(data)
    assert mistake.path == ()


def test_settings_cannot_be_changed():
    settings = Settings.from_data({}, WORKSPACE)
    with pytest.raises(AttributeError):
        settings.port = 1  # type: ignore[misc]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_schema_is_valid_and_closed(language: Any):
    schema = settings_schema(language)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(schema["properties"]) == list(FIELDS)
    assert schema["additionalProperties"] is False


def test_the_schema_admits_what_is_read():
    data = {"language": "fr", "port": 0, "hosts": ["::1"], "folders": "x", "grace": "20s"}
    assert find_mistakes(data) == ()
    jsonschema.Draft202012Validator(settings_schema()).validate(data)


@pytest.mark.parametrize(
    ("name", "value"), [pair for pair in WRONG if pair[0] in {"port", "language", "log_level"}]
)
def test_the_schema_refuses_what_is_refused(name: str, value: Any):
    assert not jsonschema.Draft202012Validator(settings_schema()).is_valid({name: value})


def test_the_checked_in_schema_is_fresh():
    text = (shipped("schemas") / "settings.schema.json").read_text(encoding="utf-8")
    assert json.loads(text) == settings_schema()


def test_every_default_in_the_schema_is_the_default_of_the_settings():
    settings = Settings.from_data({}, WORKSPACE)
    for declared in FIELDS.values():
        if "default" in declared.schema:
            read = declared.read(declared.schema["default"])
            assert read == getattr(settings, declared.attribute)


def test_everything_private_lies_in_the_private_folder():
    places = Places(WORKSPACE)
    private = (
        places.journal,
        places.lock,
        places.daemon,
        places.token,
        places.secrets,
        places.recipe_schema,
        places.logs,
        places.scratch,
    )
    assert all(path.parent == places.state == WORKSPACE / ".rouage" for path in private)
    assert places.settings_file == WORKSPACE / "rouage.yaml"
    assert {places.recipes.name, places.files.name} == {"recipes", "files"}


def test_a_machine_without_a_zone_gets_utc_at_worst():
    assert as_timezone(Settings.from_data({}, WORKSPACE, {"TZ": "No/Where"}).timezone)


def test_without_a_public_address_people_reach_this_machine():
    settings = Settings(workspace=WORKSPACE, hosts=("::1",))
    assert settings.address_of(8470) == "http://[::1]:8470"
    assert settings.console_hosts == ()
