"""`make test-cosmos` asks for an account before it does anything."""

import pytest

from tests.real_account import main


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "COSMOS_ENDPOINT"),
        ({"COSMOS_ENDPOINT": "http://sample.documents.azure.com"}, "COSMOS_ENDPOINT"),
        ({"COSMOS_ENDPOINT": "https://sample.documents.azure.com", "COSMOS_VERIFY_TLS": "0"}, "COSMOS_VERIFY_TLS"),
    ],
)
def test_without_a_usable_account_it_says_what_is_missing_and_runs_nothing(
    environment: dict[str, str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(environment) == 2
    printed = capfd.readouterr()
    assert said in printed.err
    assert not printed.out
