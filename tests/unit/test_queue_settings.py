"""Where the queue is: in the store unless said otherwise, and never guessed."""

import pytest

from settings import SETTINGS, AzureQueueAt, Settings, SettingsError

DEV = {"HEARBACK_DEV": "1"}
AZURE = {**DEV, "HEARBACK_QUEUE": "azure"}
BY_KEY = "DefaultEndpointsProtocol=https;AccountName=sample;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net"
BY_SIGNATURE = "QueueEndpoint=https://sample.queue.core.windows.net;SharedAccessSignature=sv=1&sig=c2VjcmV0"
ENDPOINT = "https://sample.queue.core.windows.net"


@pytest.mark.parametrize("said", [{}, {"HEARBACK_QUEUE": "store"}, {"AZURE_STORAGE_CONNECTION_STRING": BY_KEY}])
def test_the_store_has_the_queue_unless_said_otherwise(said: dict[str, str]) -> None:
    assert Settings.from_env({**DEV, **said}).azure_queue is None


@pytest.mark.parametrize("text", [BY_KEY, BY_SIGNATURE])
def test_a_connection_string_says_where_the_service_is(text: str) -> None:
    settings = Settings.from_env({**AZURE, "AZURE_STORAGE_CONNECTION_STRING": text})
    assert settings.azure_queue == AzureQueueAt(connection_string=text, endpoint="")


def test_an_endpoint_is_enough_for_a_managed_identity() -> None:
    settings = Settings.from_env({**AZURE, "AZURE_STORAGE_QUEUE_ENDPOINT": f"{ENDPOINT}/"})
    assert settings.azure_queue == AzureQueueAt(connection_string="", endpoint=ENDPOINT)


@pytest.mark.parametrize("value", ["Azure", "redis", "store,azure"])
def test_an_unknown_kind_of_queue_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="HEARBACK_QUEUE: expected store or azure"):
        Settings.from_env({**DEV, "HEARBACK_QUEUE": value})


@pytest.mark.parametrize(
    "said", [{}, {"AZURE_STORAGE_CONNECTION_STRING": BY_KEY, "AZURE_STORAGE_QUEUE_ENDPOINT": ENDPOINT}]
)
def test_neither_or_both_ways_to_the_service_are_refused(said: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="set one of them"):
        Settings.from_env({**AZURE, **said})


@pytest.mark.parametrize("value", ["http://sample.queue.core.windows.net", "sample", "ftp://x"])
def test_an_endpoint_that_is_not_encrypted_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="AZURE_STORAGE_QUEUE_ENDPOINT"):
        Settings.from_env({**AZURE, "AZURE_STORAGE_QUEUE_ENDPOINT": value})


@pytest.mark.parametrize("value", ["c2VjcmV0", "AccountKey=c2VjcmV0", "SharedAccessSignature=c2VjcmV0"])
def test_a_connection_string_that_leads_nowhere_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(SettingsError, match="AZURE_STORAGE_CONNECTION_STRING") as refused:
        Settings.from_env({**AZURE, "AZURE_STORAGE_CONNECTION_STRING": value})
    assert "c2VjcmV0" not in str(refused.value)


def test_the_connection_string_is_a_secret() -> None:
    assert {one.name: one.is_secret for one in SETTINGS if one.name.startswith("AZURE_")} == {
        "AZURE_STORAGE_CONNECTION_STRING": True,
        "AZURE_STORAGE_QUEUE_ENDPOINT": False,
    }
