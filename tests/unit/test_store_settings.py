"""Where documents are kept: a file unless said otherwise, and never an account that was not named."""

from pathlib import Path

import pytest

from settings import SETTINGS, CosmosAt, Settings, SettingsError, store_at

DEV = {"HEARBACK_DEV": "1"}
COSMOS = {**DEV, "HEARBACK_STORE": "cosmos"}
ENDPOINT = "https://sample.documents.azure.com"


def test_an_endpoint_is_enough_for_a_managed_identity() -> None:
    settings = Settings.from_env({**COSMOS, "COSMOS_ENDPOINT": f"{ENDPOINT}/"})
    assert settings.store == CosmosAt(ENDPOINT, "hearback")


def test_a_key_and_a_database_may_be_named() -> None:
    settings = Settings.from_env(
        {**COSMOS, "COSMOS_ENDPOINT": ENDPOINT, "COSMOS_KEY": "c2VjcmV0", "COSMOS_DATABASE": "trial"}
    )
    assert settings.store == CosmosAt(ENDPOINT, "trial", key="c2VjcmV0")


def test_cosmos_without_an_endpoint_is_refused() -> None:
    with pytest.raises(SettingsError, match="COSMOS_ENDPOINT"):
        Settings.from_env(COSMOS)


@pytest.mark.parametrize("value", ["http://sample.documents.azure.com", "sample", "ftp://x"])
def test_an_endpoint_that_is_not_encrypted_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="COSMOS_ENDPOINT"):
        Settings.from_env({**COSMOS, "COSMOS_ENDPOINT": value})


def test_only_on_this_machine_may_any_certificate_do() -> None:
    here = {**COSMOS, "COSMOS_ENDPOINT": "https://127.0.0.1:8081", "COSMOS_VERIFY_TLS": "0"}
    assert Settings.from_env(here).store == CosmosAt("https://127.0.0.1:8081", "hearback", verifies_tls=False)
    with pytest.raises(SettingsError, match="COSMOS_VERIFY_TLS"):
        Settings.from_env({**here, "COSMOS_ENDPOINT": ENDPOINT})
    with pytest.raises(SettingsError, match="COSMOS_VERIFY_TLS"):
        Settings.from_env({**here, "COSMOS_VERIFY_TLS": "no"})


@pytest.mark.parametrize("value", ["Cosmos", "cosmos:///x", "postgres://x", "sqlite:/x"])
def test_an_unknown_kind_of_store_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="HEARBACK_STORE: expected sqlite:///path"):
        Settings.from_env({**DEV, "HEARBACK_STORE": value})


def test_a_store_can_be_named_without_the_bots_own_settings() -> None:
    assert store_at("sqlite:///a.db", {}) == Path("a.db")
    assert store_at("cosmos", {"COSMOS_ENDPOINT": ENDPOINT}) == CosmosAt(ENDPOINT, "hearback")
    with pytest.raises(SettingsError, match="COSMOS_ENDPOINT"):
        store_at("cosmos", {})


def test_the_key_is_a_secret() -> None:
    assert {one.name for one in SETTINGS if one.name.startswith("COSMOS_") and one.is_secret} == {"COSMOS_KEY"}
