"""Everything that can be configured, read once by `main` and `cli`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.http.witnesses import Witness
from app.kit.errors import Invalid
from app.translog.note import parse_vkey

_MIB: Final = 1024 * 1024
_MOST_WORKERS: Final = 256
_DRIVERS: Final = frozenset({"postgresql", "postgresql+asyncpg"})
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+\Z")
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~\-]+)*\Z")


class BadSetting(Invalid):
    en = "{name} {rule}."
    zh = "{name} 设置不正确:{rule}。"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service was told. Its `repr` would show passwords: never log it."""

    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = Path(".data")
    """Where demo mode keeps its database and keys."""
    database_url: str | None = None
    """The database as the application role."""
    migration_url: str | None = None
    """The same database as its owner; for `tanyin db upgrade` alone."""
    rate_limit: bool = True
    cors_origins: tuple[str, ...] = ("*",)
    """Who may read published data from a browser."""
    body_limit: int = _MIB
    calculation_body_limit: int = 256 * _MIB
    evidence_limit: int = 50 * _MIB
    workers: int | None = None
    """Processes for large calculations; as many as there are cores unless stated."""
    log_key_file: Path | None = None
    """The private keys that the log is signed with, one a line, the oldest first."""
    log_key: str | None = None
    """The same as text."""
    witnesses: tuple[Witness, ...] = ()
    demo: bool = False
    """No database was named: embedded server, seed data, demo keys, loopback only."""

    @property
    def base_url(self) -> str:
        """The address of the service as seen from this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Return the settings in *environ*; raises `BadSetting`."""
    database_url = _url(environ, "TANYIN_DATABASE_URL")
    migration_url = _url(environ, "TANYIN_MIGRATION_URL")
    if (database_url is None) is not (migration_url is None):
        raise BadSetting(
            name="TANYIN_DATABASE_URL",
            rule="and TANYIN_MIGRATION_URL are given together or not at all",
        )
    demo = database_url is None
    data_dir = Path(environ.get("TANYIN_DATA_DIR") or ".data")
    return Settings(
        host=_host(environ, demo=demo),
        port=_integer(environ, "TANYIN_PORT", 8000, 65_535),
        data_dir=data_dir,
        database_url=database_url,
        migration_url=migration_url,
        rate_limit=_switch(environ, "TANYIN_RATE_LIMIT") and not demo,
        cors_origins=_origins(environ.get("TANYIN_CORS_ORIGINS") or "*"),
        body_limit=_integer(environ, "TANYIN_BODY_LIMIT", _MIB, 2**31),
        calculation_body_limit=_integer(
            environ, "TANYIN_CALCULATION_BODY_LIMIT", 256 * _MIB, 2**31
        ),
        evidence_limit=_integer(environ, "TANYIN_EVIDENCE_LIMIT", 50 * _MIB, 2**31),
        workers=_workers(environ),
        log_key_file=_key_file(environ, data_dir if demo else None),
        log_key=environ.get("TANYIN_LOG_KEY") or None,
        witnesses=_witnesses(environ.get("TANYIN_WITNESSES") or ""),
        demo=demo,
    )


def _key_file(environ: Mapping[str, str], home: Path | None) -> Path | None:
    """Return where the log's keys are; the demonstration makes its own."""
    stated = environ.get("TANYIN_LOG_KEY_FILE")
    if stated:
        return Path(stated)
    return None if home is None else home / "log_keys"


def _witnesses(text: str) -> tuple[Witness, ...]:
    try:
        return tuple(_witness(each) for each in text.split(",") if each.strip())
    except ValueError:
        rule = "is not a list of VKEY URL, separated by commas"
        raise BadSetting(name="TANYIN_WITNESSES", rule=rule) from None


def _witness(text: str) -> Witness:
    vkey, url = text.split()
    if not _ADDRESS.match(url.rstrip("/")):
        raise ValueError(url)
    return Witness(parse_vkey(vkey), url.rstrip("/"))


def _url(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name)
    if not text:
        return None
    rule = "is not a URL such as postgresql://user:password@host/database"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise BadSetting(name=name, rule=rule) from None
    if url.drivername not in _DRIVERS or not url.username or not url.database:
        raise BadSetting(name=name, rule=rule)
    return url.set(drivername="postgresql+asyncpg").render_as_string(
        hide_password=False
    )


def _host(environ: Mapping[str, str], *, demo: bool) -> str:
    host = environ.get("TANYIN_HOST") or "127.0.0.1"
    if demo and not _is_loopback(host):
        rule = "must be a loopback address in demo mode, whose keys are on disk"
        raise BadSetting(name="TANYIN_HOST", rule=rule)
    return host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _integer(environ: Mapping[str, str], name: str, default: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,10}", text) or not 1 <= int(text) <= high:
        raise BadSetting(name=name, rule=f"is not an integer from 1 to {high}")
    return int(text)


def _workers(environ: Mapping[str, str]) -> int | None:
    if not environ.get("TANYIN_WORKERS"):
        return None
    return _integer(environ, "TANYIN_WORKERS", 1, _MOST_WORKERS)


def _switch(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name) or "on"
    if text not in {"on", "off"}:
        raise BadSetting(name=name, rule="is neither on nor off")
    return text == "on"


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in text.split(","))
    if origins != ("*",) and not all(map(_ORIGIN.match, origins)):
        rule = "is neither * nor a list of origins such as https://example.org"
        raise BadSetting(name="TANYIN_CORS_ORIGINS", rule=rule)
    return origins
