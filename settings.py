"""Every setting: its name, its default and what it means. Nothing else reads the environment."""

import base64
import os
import re
import socket
from collections.abc import Callable, Mapping
from datetime import time
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

T = TypeVar("T")

PLAYGROUND_USER = "00000000-0000-0000-0000-0000000000020"  # the Agents Playground's own default person
PLAYGROUND_TENANT = "00000000-0000-0000-0000-0000000000001"
COSMOS = "cosmos"
_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")  # two parts at least: nobody is to open up a whole .com
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsError(Exception):
    """The settings cannot be used. The message lists every problem, one on each line."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(["Hearback cannot start:", *(f"  - {one}" for one in problems)]))


class Setting(msgspec.Struct, frozen=True):
    """One setting as the documentation shows it."""

    name: str
    default: str
    about: str
    is_secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("HOST", "0.0.0.0", "Address to listen on. With HEARBACK_DEV=1 always 127.0.0.1."),  # noqa: S104 - a server
    Setting("PORT", "3978", "Port to listen on."),
    Setting("MicrosoftAppId", "", "Client id of the bot's app registration. Needed unless HEARBACK_DEV=1."),
    Setting("MicrosoftAppPassword", "", "Client secret of that registration.", is_secret=True),
    Setting("MicrosoftAppType", "SingleTenant", "Type of the registration; SingleTenant is the one supported."),
    Setting("MicrosoftAppTenantId", "", "Entra tenant id of the registration."),
    Setting("HEARBACK_DEV", "", "1: run without an app id and without checking tokens, on this machine only."),
    Setting(
        "HEARBACK_DEV_CODE",
        "",
        "With HEARBACK_DEV=1: the code in the link to the dashboard. Default: one by chance.",
        is_secret=True,
    ),
    Setting("HEARBACK_STORE", "sqlite:///data/hearback.db", "Where documents are kept: sqlite:///path, or cosmos."),
    Setting("COSMOS_ENDPOINT", "", "With HEARBACK_STORE=cosmos: https://<account>.documents.azure.com."),
    Setting("COSMOS_KEY", "", "Key of that account. Without one: managed identity.", is_secret=True),
    Setting("COSMOS_DATABASE", "hearback", "Database in that account. The deployment makes it."),
    Setting("COSMOS_VERIFY_TLS", "1", "0: take any certificate from an emulator. Only on this machine."),
    Setting(
        "HEARBACK_QUEUE",
        "store",
        "Where work waits to be sent: store (with the documents) or azure (Azure Storage Queues).",
    ),
    Setting(
        "AZURE_STORAGE_CONNECTION_STRING",
        "",
        "With HEARBACK_QUEUE=azure: the connection string of the storage account.",
        is_secret=True,
    ),
    Setting(
        "AZURE_STORAGE_QUEUE_ENDPOINT",
        "",
        "Instead of a connection string: https://<account>.queue.core.windows.net, reached by managed identity.",
    ),
    Setting("HEARBACK_ADMINS", "", "Entra object ids of the admins, comma separated. They belong to a home tenant."),
    Setting("HEARBACK_HOME_TENANTS", "", "Tenant ids whose members are engineers. Default: MicrosoftAppTenantId."),
    Setting(
        "HEARBACK_ALLOWED_TENANTS", "", "Further tenant ids to talk to, comma separated; * for any. Default: none."
    ),
    Setting(
        "HEARBACK_SERVICE_HOSTS",
        ".botframework.com,smba.trafficmanager.net,smba.infra.gcc.teams.microsoft.com,"
        "smba.infra.gov.teams.microsoft.us,smba.infra.dod.teams.microsoft.us",
        "Hosts the bot may write to: exact, or .suffix, comma separated.",
    ),
    Setting(
        "HEARBACK_SERVICE_URL",
        "https://smba.trafficmanager.net/teams/",
        "Where a first conversation is opened in a tenant nobody was heard from yet. In dev: nowhere.",
    ),
    Setting(
        "HEARBACK_OPENID_METADATA_URL",
        "https://login.botframework.com/v1/.well-known/openidconfiguration",
        "Where the keys of incoming tokens are described.",
    ),
    Setting("HEARBACK_TOKEN_ISSUER", "https://api.botframework.com", "Issuer of incoming tokens."),
    Setting("HEARBACK_LOGIN_URL", "https://login.microsoftonline.com", "Where the bot gets its own token."),
    Setting("HEARBACK_RATE_PER_TENANT", "50", "Requests a second to Teams for each tenant."),
    Setting(
        "HEARBACK_INSTANCE",
        "",
        "Name of this process among those that share one store, its own and the same after a restart. "
        "Default: <host name>:<PORT>.",
    ),
    Setting(
        "HEARBACK_PUBLIC_URL",
        "",
        "Where people find this service; links to files need it. In dev: HOST and PORT.",
    ),
    Setting(
        "HEARBACK_TEAMS_HOSTS",
        "teams.microsoft.com,*.teams.microsoft.com,*.cloud.microsoft",
        "Hosts of Teams that may show the dashboard in a tab, comma separated; *. for all below one.",
    ),
    Setting(
        "HEARBACK_WEBHOOK_URL",
        "",
        "Where to tell another system that a run has closed, or reached a number of answers. Default: nowhere.",
    ),
    Setting(
        "HEARBACK_WEBHOOK_SECRET",
        "",
        "What that is signed with: whsec_ and 24 to 64 bytes in base64.",
        is_secret=True,
    ),
    Setting("HEARBACK_WEBHOOK_ANSWERS", "10,100,1000", "The numbers of answers that are told, comma separated."),
    Setting("HEARBACK_CONTACTS_PER_30_DAYS", "4", "How often a person is written to at most. In dev: no limit."),
    Setting("HEARBACK_QUIET_HOURS", "20:00-08:00", "When nobody is written to, by their own clock; off for never."),
    Setting("HEARBACK_APPROVAL_ABOVE", "1000", "A survey to more people needs a second admin."),
)


class AzureQueueAt(msgspec.Struct, frozen=True):
    """Where the queue service is: a connection string, or an endpoint to which the managed identity has access."""

    connection_string: str
    endpoint: str


class CosmosAt(msgspec.Struct, frozen=True):
    """Which database of Azure Cosmos DB to use; without a key, by managed identity."""

    endpoint: str
    database: str
    key: str = ""
    verifies_tls: bool = True


class WebhookAt(msgspec.Struct, frozen=True):
    """Whom to tell what happens to runs, the secret that signs it, and the numbers of answers that are told."""

    url: str
    secret: str
    answers: tuple[int, ...]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, checked. `store` is SQLite's file or a database; without `azure_queue` the queue is there."""

    host: str
    port: int
    app_id: str
    app_password: str
    app_tenant: str
    is_dev: bool
    dev_code: str  # in the link with which one signs in on this machine; empty: one by chance
    store: Path | CosmosAt
    azure_queue: AzureQueueAt | None
    admins: frozenset[str]
    home_tenants: frozenset[str]
    allowed_tenants: frozenset[str]
    service_hosts: tuple[str, ...]
    service_url: str  # where a first conversation is opened; empty: only where somebody of the tenant was heard from
    openid_metadata_url: str
    token_issuer: str
    login_url: str
    rate_per_tenant: float
    instance: str
    public_url: str
    teams_hosts: tuple[str, ...]
    webhook: WebhookAt | None
    contacts_per_30_days: int
    quiet_hours: tuple[time, time] | None
    approval_above: int

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check the settings. Raises `SettingsError` naming every problem at once."""
        reading = _Reading(environment)
        is_dev = reading.text("HEARBACK_DEV") == "1"
        app_tenant = reading.text("MicrosoftAppTenantId")
        settings = cls(
            host="127.0.0.1" if is_dev else reading.text("HOST"),
            port=int(reading.number("PORT", 0, 65535)),
            app_id=reading.text("MicrosoftAppId"),
            app_password=reading.text("MicrosoftAppPassword"),
            app_tenant=app_tenant,
            is_dev=is_dev,
            dev_code=reading.dev_code(is_dev=is_dev),
            store=reading.store("HEARBACK_STORE"),
            azure_queue=reading.queue(),
            admins=reading.names("HEARBACK_ADMINS") or _only(PLAYGROUND_USER, when=is_dev),
            home_tenants=reading.names("HEARBACK_HOME_TENANTS")
            or _only(app_tenant or PLAYGROUND_TENANT, when=is_dev or bool(app_tenant)),
            allowed_tenants=reading.names("HEARBACK_ALLOWED_TENANTS") or _only("*", when=is_dev),
            service_hosts=tuple(sorted(reading.names("HEARBACK_SERVICE_HOSTS") | (LOOPBACK if is_dev else set()))),
            service_url=reading.service_url(is_dev=is_dev),
            openid_metadata_url=reading.url("HEARBACK_OPENID_METADATA_URL"),
            token_issuer=reading.text("HEARBACK_TOKEN_ISSUER"),
            login_url=reading.url("HEARBACK_LOGIN_URL"),
            rate_per_tenant=reading.number("HEARBACK_RATE_PER_TENANT", 1, 10_000),
            instance=reading.text("HEARBACK_INSTANCE") or _own_name(reading.text("PORT")),
            public_url=reading.public_url(is_dev=is_dev),
            teams_hosts=reading.teams_hosts(),
            webhook=reading.webhook(),
            contacts_per_30_days=10_000 if is_dev else int(reading.number("HEARBACK_CONTACTS_PER_30_DAYS", 1, 10_000)),
            quiet_hours=None if is_dev else reading.quiet_hours(),
            approval_above=int(reading.number("HEARBACK_APPROVAL_ABOVE", 0, 10_000_000)),
        )
        reading.check_identity(settings)
        if reading.problems:
            raise SettingsError(reading.problems)
        return settings

    @property
    def checks_tokens(self) -> bool:
        """Whether incoming requests must prove who they are; false only in dev without an app id."""
        return bool(self.app_id)


class _Reading:
    """Reads settings one by one and remembers what was wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._defaults = {one.name: one.default for one in SETTINGS}
        self.problems: list[str] = []
        self._suspect_names()

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip() or self._defaults[name]

    def names(self, name: str) -> frozenset[str]:
        return frozenset(part.strip() for part in self.text(name).split(",") if part.strip())

    def number(self, name: str, low: float, high: float) -> float:
        return self._parsed(name, lambda text: _number(text, low, high), f"a number from {low} to {high}") or low

    def url(self, name: str) -> str:
        return (self._parsed(name, _url, "an address that begins with https://") or "").rstrip("/")

    def dev_code(self, *, is_dev: bool) -> str:
        """Return the code. Never tells it."""
        code = self.text("HEARBACK_DEV_CODE")
        if code and not is_dev:
            self.problems.append("HEARBACK_DEV_CODE is for HEARBACK_DEV=1 alone: it lets an admin in.")
        if code and not re.fullmatch(r"[A-Za-z0-9_-]{20,}", code):
            self.problems.append("HEARBACK_DEV_CODE: expected 20 letters and digits or more.")
        return code

    def service_url(self, *, is_dev: bool) -> str:
        """Return the address; none in dev unless it is set, so that nothing leaves this machine by accident."""
        name = "HEARBACK_SERVICE_URL"
        return "" if is_dev and not self._environment.get(name, "").strip() else self.url(name)

    def public_url(self, *, is_dev: bool) -> str:
        """Return where people find the service, empty where nobody says."""
        if self.text("HEARBACK_PUBLIC_URL"):
            return self.url("HEARBACK_PUBLIC_URL")
        return f"http://127.0.0.1:{self.text('PORT')}" if is_dev else ""

    def teams_hosts(self) -> tuple[str, ...]:
        """Return the hosts as a policy for browsers names them."""
        return self._parsed("HEARBACK_TEAMS_HOSTS", _hosts, "hosts such as teams.microsoft.com,*.cloud.microsoft") or ()

    def store(self, name: str) -> Path | CosmosAt:
        """Return where documents are, as a setting says it."""
        path = self._parsed(name, _sqlite_path, "sqlite:///path/of/the/file.db, or cosmos")
        return self._cosmos() if path is None and self.text(name) == COSMOS else path or Path()

    def _cosmos(self) -> CosmosAt:
        """Return which database to use. Never tells the key."""
        if not self.text("COSMOS_ENDPOINT"):
            self.problems.append("HEARBACK_STORE=cosmos needs COSMOS_ENDPOINT: https://<account>.documents.azure.com.")
            return CosmosAt("", "")
        at, verify = self.url("COSMOS_ENDPOINT"), self.text("COSMOS_VERIFY_TLS")
        if verify not in {"0", "1"} or (verify == "0" and urlsplit(at).hostname not in LOOPBACK):
            self.problems.append("COSMOS_VERIFY_TLS: expected 1; 0 is for an emulator on this machine alone.")
        return CosmosAt(at, self.text("COSMOS_DATABASE"), key=self.text("COSMOS_KEY"), verifies_tls=verify != "0")

    def webhook(self) -> WebhookAt | None:
        """Return whom to tell, or None. Never tells the secret."""
        secret = self.text("HEARBACK_WEBHOOK_SECRET")
        answers = self._parsed("HEARBACK_WEBHOOK_ANSWERS", _numbers, "numbers of answers such as 10,100,1000") or ()
        if not self.text("HEARBACK_WEBHOOK_URL"):
            return None
        if not _is_webhook_secret(secret):
            self.problems.append(
                "HEARBACK_WEBHOOK_SECRET: expected whsec_ and 24 to 64 bytes in base64 (openssl rand -base64 32)."
            )
        return WebhookAt(self.url("HEARBACK_WEBHOOK_URL"), secret, answers)

    def quiet_hours(self) -> tuple[time, time] | None:
        return self._parsed("HEARBACK_QUIET_HOURS", _quiet_hours, "hours such as 20:00-08:00, in quarters, or off")

    def queue(self) -> AzureQueueAt | None:
        """Return where the queue service is, or None when the store has the queue. Never tells the secret."""
        if self._parsed("HEARBACK_QUEUE", _kind_of_queue, "store or azure") != "azure":
            return None
        by_key, at = self.text("AZURE_STORAGE_CONNECTION_STRING"), "AZURE_STORAGE_QUEUE_ENDPOINT"
        if bool(by_key) == bool(self.text(at)):
            self.problems.append(
                f"HEARBACK_QUEUE=azure needs AZURE_STORAGE_CONNECTION_STRING or {at}; set one of them."
            )
            return None
        if by_key and not _can_connect(by_key):
            self.problems.append("AZURE_STORAGE_CONNECTION_STRING: expected AccountName=…;AccountKey=…;…")
        return AzureQueueAt(connection_string=by_key, endpoint="" if by_key else self.url(at))

    def check_identity(self, settings: Settings) -> None:
        if not settings.app_id and not settings.is_dev:
            self.problems.append(
                "MicrosoftAppId is empty. Without it anyone could pose as Teams. Set it, or HEARBACK_DEV=1 to try "
                "Hearback on this machine only."
            )
        if settings.app_id and not (settings.app_password and settings.app_tenant):
            self.problems.append("MicrosoftAppPassword and MicrosoftAppTenantId are needed with MicrosoftAppId.")
        if settings.app_id and self.text("MicrosoftAppType") != "SingleTenant":
            self.problems.append("MicrosoftAppType: only SingleTenant is supported.")

    def _suspect_names(self) -> None:
        """Report names that differ from a setting only by case: they would be ignored without a word."""
        known = {one.casefold(): one for one in self._defaults if one not in {"HOST", "PORT"}}
        for name in self._environment:
            meant = known.get(name.casefold())
            if meant is not None and name not in self._defaults:
                self.problems.append(f"{name}: names are case-sensitive; did you mean {meant}?")
            elif name.startswith("HEARBACK_") and meant is None:
                self.problems.append(f"{name} is not a setting of Hearback. See .env.example for all of them.")

    def _parsed(self, name: str, parse: Callable[[str], T], expected: str) -> T | None:
        try:
            return parse(self.text(name))
        except ValueError:
            self.problems.append(f"{name}: expected {expected}, found {self.text(name)!r}.")
            return None


def _only(value: str, *, when: bool) -> frozenset[str]:
    return frozenset({value}) if when else frozenset()


def _own_name(port: str) -> str:
    """Return what tells this process from others, after a restart too: no two listen on one port of one machine."""
    return f"{socket.gethostname()}:{port if port != '0' else f'any-{os.getpid()}'}"


def _number(text: str, low: float, high: float) -> float:
    value = float(text)
    if not low <= value <= high:
        raise ValueError
    return value


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return text
    raise ValueError


def _hosts(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(","))
    if not all(_HOST.fullmatch(one) for one in found):
        raise ValueError
    return found


def _numbers(text: str) -> tuple[int, ...]:
    found = tuple(int(part) for part in text.split(","))
    if not all(0 < one <= 10_000_000 for one in found):  # noqa: PLR2004 - more people than any run has
        raise ValueError
    return found


def _is_webhook_secret(text: str) -> bool:
    """Say whether a text is a secret as Standard Webhooks wants it."""
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    return text.startswith("whsec_") and 24 <= len(key) <= 64  # noqa: PLR2004 - by Standard Webhooks


def _quiet_hours(text: str) -> tuple[time, time] | None:
    if text.lower() == "off":
        return None
    start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    if any(one.minute % 15 or one.second for one in (start, end)):
        raise ValueError
    return start, end


def store_at(text: str, environment: Mapping[str, str]) -> Path | CosmosAt:
    """Return the store that a text such as `sqlite:///path` or `cosmos` names. Raises `SettingsError`."""
    reading = _Reading({**environment, "HEARBACK_STORE": text})
    found = reading.store("HEARBACK_STORE")
    if reading.problems:
        raise SettingsError(reading.problems)
    return found


def _sqlite_path(text: str) -> Path | None:
    if text == COSMOS:
        return None
    scheme, found, path = text.partition(":///")
    if scheme != "sqlite" or not found or not path:
        raise ValueError
    return Path(path)


def _kind_of_queue(text: str) -> str:
    if text not in {"store", "azure"}:
        raise ValueError
    return text


def _can_connect(text: str) -> bool:
    """Say whether a connection string has what is needed to find an account and to be let in."""
    names = {part.partition("=")[0].strip().casefold() for part in text.split(";")}
    return {"accountname", "accountkey"} <= names or {"queueendpoint", "sharedaccesssignature"} <= names
