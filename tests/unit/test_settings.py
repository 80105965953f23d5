"""Settings: read, checked, and refused with every problem at once."""

from datetime import time
from pathlib import Path

import pytest

from settings import PLAYGROUND_TENANT, PLAYGROUND_USER, SETTINGS, Settings, SettingsError

REAL = {
    "MicrosoftAppId": "app",
    "MicrosoftAppPassword": "secret",
    "MicrosoftAppTenantId": "home",
}


def test_without_an_app_id_it_does_not_start() -> None:
    with pytest.raises(SettingsError, match="MicrosoftAppId is empty"):
        Settings.from_env({})


def test_dev_needs_no_app_id_and_listens_on_this_machine_only() -> None:
    settings = Settings.from_env({"HEARBACK_DEV": "1", "HOST": "0.0.0.0"})  # noqa: S104 - what must not happen
    assert settings.host == "127.0.0.1"
    assert not settings.checks_tokens
    assert settings.admins == {PLAYGROUND_USER}
    assert settings.home_tenants == {PLAYGROUND_TENANT}
    assert "127.0.0.1" in settings.service_hosts


def test_first_conversations_are_opened_at_microsofts_address_and_in_dev_nowhere_unless_it_is_said() -> None:
    assert Settings.from_env(REAL).service_url == "https://smba.trafficmanager.net/teams"
    assert Settings.from_env({"HEARBACK_DEV": "1"}).service_url == ""
    here = "http://127.0.0.1:1/teams"
    assert Settings.from_env({"HEARBACK_DEV": "1", "HEARBACK_SERVICE_URL": here}).service_url == here
    with pytest.raises(SettingsError, match="HEARBACK_SERVICE_URL: expected an address"):
        Settings.from_env({**REAL, "HEARBACK_SERVICE_URL": "smba.trafficmanager.net"})


@pytest.mark.parametrize("value", ["0", "yes", "true", ""])
def test_only_one_means_dev(value: str) -> None:
    with pytest.raises(SettingsError):
        Settings.from_env({"HEARBACK_DEV": value})


def test_dev_with_an_app_id_checks_tokens() -> None:
    assert Settings.from_env({**REAL, "HEARBACK_DEV": "1"}).checks_tokens


def test_the_home_tenant_is_the_apps_own_unless_said_otherwise() -> None:
    assert Settings.from_env(REAL).home_tenants == {"home"}
    assert Settings.from_env({**REAL, "HEARBACK_HOME_TENANTS": "a, b,"}).home_tenants == {"a", "b"}
    assert Settings.from_env(REAL).allowed_tenants == frozenset()


def test_quiet_hours_are_kept_unless_off_or_in_dev() -> None:
    assert Settings.from_env(REAL).quiet_hours == (time(20), time(8))
    assert Settings.from_env({**REAL, "HEARBACK_QUIET_HOURS": "off"}).quiet_hours is None
    assert Settings.from_env({**REAL, "HEARBACK_DEV": "1"}).quiet_hours is None


def test_a_real_service_may_not_be_sent_to_this_machine() -> None:
    assert "127.0.0.1" not in Settings.from_env(REAL).service_hosts


def test_teams_may_frame_the_tab_from_its_own_hosts_or_those_of_another_cloud() -> None:
    hosts = ("teams.microsoft.com", "*.teams.microsoft.com", "*.cloud.microsoft")
    assert Settings.from_env(REAL).teams_hosts == hosts
    other = Settings.from_env({**REAL, "HEARBACK_TEAMS_HOSTS": "gov.teams.microsoft.us, *.teams.microsoft.us"})
    assert other.teams_hosts == ("gov.teams.microsoft.us", "*.teams.microsoft.us")


def test_an_instance_is_named_by_its_machine_and_port_unless_it_has_a_name_of_its_own() -> None:
    one, other = (Settings.from_env({**REAL, "PORT": port}).instance for port in ("3978", "3979"))
    assert one != other
    assert one == Settings.from_env({**REAL, "PORT": "3978"}).instance
    assert Settings.from_env({**REAL, "HEARBACK_INSTANCE": "west-1"}).instance == "west-1"


def test_the_store_is_a_path() -> None:
    assert Settings.from_env({**REAL, "HEARBACK_STORE": "sqlite:////srv/h.db"}).store == Path("/srv/h.db")
    assert Settings.from_env(REAL).store == Path("data/hearback.db")


WRONG = {
    "PORT": ["many", "-1", "70000"],
    "HEARBACK_STORE": ["postgres://x", "sqlite:///", "data.db"],
    "HEARBACK_LOGIN_URL": ["ftp://x", "http://login.example"],
    "HEARBACK_OPENID_METADATA_URL": ["http://keys.example", "nothing"],
    "HEARBACK_RATE_PER_TENANT": ["0", "fast", "nan"],
    "HEARBACK_QUIET_HOURS": ["late", "20:00", "20:07-08:00", "25:00-08:00"],
    "HEARBACK_APPROVAL_ABOVE": ["-1", "few"],
    "HEARBACK_CONTACTS_PER_30_DAYS": ["0"],
    "HEARBACK_TEAMS_HOSTS": [
        "*",
        "*.com",
        "com",
        "https://x.example",
        "x.example;script-src *",
        "'self'",
        "a.*.b",
        ",",
    ],
    "MicrosoftAppType": ["MultiTenant"],
    "MicrosoftAppPassword": [""],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({**REAL, name: value})


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({"PORT": "x", "HEARBACK_STORE": "y", "HEARBACK_LOGIN_URL": "z"})
    assert len(refused.value.problems) == 4


@pytest.mark.parametrize("name", ["microsoftappid", "hearback_admins", "HEARBACK_ADMIN"])
def test_a_name_that_is_nearly_right_is_not_ignored(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({**REAL, name: "x"})


def test_secrets_are_marked_and_have_no_default() -> None:
    assert {one.name: one.default for one in SETTINGS if one.is_secret} == {
        "MicrosoftAppPassword": "",
        "HEARBACK_DEV_CODE": "",
        "HEARBACK_WEBHOOK_SECRET": "",
        "COSMOS_KEY": "",
        "AZURE_STORAGE_CONNECTION_STRING": "",
    }


@pytest.mark.parametrize("code", ["short", "x" * 19, "with a blank in the middle", "ü" * 30])
def test_a_code_that_could_be_guessed_or_mistyped_is_refused(code: str) -> None:
    with pytest.raises(SettingsError, match="HEARBACK_DEV_CODE: expected 20") as refused:
        Settings.from_env({"HEARBACK_DEV": "1", "HEARBACK_DEV_CODE": code})
    assert code not in str(refused.value)


def test_a_code_for_the_dashboard_is_for_development_alone() -> None:
    with pytest.raises(SettingsError, match="HEARBACK_DEV_CODE is for HEARBACK_DEV=1 alone"):
        Settings.from_env({"HEARBACK_DEV_CODE": "x" * 20})
    assert Settings.from_env({"HEARBACK_DEV": "1", "HEARBACK_DEV_CODE": "x" * 20}).dev_code == "x" * 20


SECRET = "whsec_" + "QUJD" * 10
WEBHOOK = {"HEARBACK_DEV": "1", "HEARBACK_WEBHOOK_URL": "https://example.com/in", "HEARBACK_WEBHOOK_SECRET": SECRET}


def test_a_webhook_has_an_address_a_secret_and_thresholds() -> None:
    webhook = Settings.from_env({**WEBHOOK, "HEARBACK_WEBHOOK_ANSWERS": "5, 50"}).webhook
    assert webhook is not None
    assert (webhook.url, webhook.secret, webhook.answers) == ("https://example.com/in", SECRET, (5, 50))
    assert Settings.from_env({"HEARBACK_DEV": "1"}).webhook is None


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_QUJD", "QUJD" * 10, "whsec_!!!", "whsec_" + "QUJD" * 30])
def test_a_secret_that_signs_badly_is_refused_and_not_told(secret: str) -> None:
    with pytest.raises(SettingsError, match="HEARBACK_WEBHOOK_SECRET: expected whsec_") as refused:
        Settings.from_env({**WEBHOOK, "HEARBACK_WEBHOOK_SECRET": secret})
    assert "QUJDQUJD" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEARBACK_WEBHOOK_URL", "http://example.com/in"),
        ("HEARBACK_WEBHOOK_URL", "ftp://example.com"),
        ("HEARBACK_WEBHOOK_ANSWERS", "ten"),
        ("HEARBACK_WEBHOOK_ANSWERS", "0"),
        ("HEARBACK_WEBHOOK_ANSWERS", "10,,20"),
    ],
)
def test_a_webhook_that_cannot_work_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: expected"):
        Settings.from_env({**WEBHOOK, name: value})
