"""Settings: what the environment may say, and what it is told when it is wrong."""

from pathlib import Path

import pytest

from app.settings import BadSetting, Settings, from_environment
from app.translog import note

URLS = {
    "TANYIN_DATABASE_URL": "postgresql://app:s3cret@db/tanyin",
    "TANYIN_MIGRATION_URL": "postgresql+asyncpg://owner:s3cret@db/tanyin",
}
WITNESS = note.Signer("w.example", note.COSIGNATURE, bytes(32)).verifier.vkey


def test_nothing_set_is_the_demonstration() -> None:
    keys = Path(".data/log_keys")
    assert from_environment({}) == Settings(
        demo=True, rate_limit=False, log_key_file=keys
    )


def test_urls_end_the_demonstration() -> None:
    settings = from_environment(URLS)

    assert not settings.demo
    assert settings.rate_limit
    assert settings.database_url == "postgresql+asyncpg://app:s3cret@db/tanyin"
    assert settings.migration_url == "postgresql+asyncpg://owner:s3cret@db/tanyin"


def test_everything_may_be_set() -> None:
    settings = from_environment(
        URLS
        | {
            "TANYIN_HOST": "0.0.0.0",  # noqa: S104 - with URLs any address is allowed
            "TANYIN_PORT": "80",
            "TANYIN_DATA_DIR": "elsewhere",
            "TANYIN_RATE_LIMIT": "off",
            "TANYIN_CORS_ORIGINS": "https://a.example, http://b.example:8080",
            "TANYIN_BODY_LIMIT": "1000",
            "TANYIN_CALCULATION_BODY_LIMIT": "2000",
            "TANYIN_LOG_KEY_FILE": "keys",
            "TANYIN_WITNESSES": f"{WITNESS} https://w.example/, {WITNESS} http://v",
        }
    )

    assert settings.port == 80
    assert settings.data_dir == Path("elsewhere")
    assert not settings.rate_limit
    assert settings.cors_origins == ("https://a.example", "http://b.example:8080")
    assert (settings.body_limit, settings.calculation_body_limit) == (1000, 2000)
    assert settings.log_key_file == Path("keys")
    urls = [each.url for each in settings.witnesses]
    assert urls == ["https://w.example", "http://v"]
    assert {each.verifier.vkey for each in settings.witnesses} == {WITNESS}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_demonstration_listens_on_loopback(host: str) -> None:
    assert from_environment({"TANYIN_HOST": host}).host == host


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")],
)
def test_base_url_may_be_pasted(host: str, url: str) -> None:
    assert Settings(host=host).base_url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TANYIN_PORT", "0"),
        ("TANYIN_PORT", "65536"),
        ("TANYIN_PORT", "http"),
        ("TANYIN_PORT", "８０"),
        ("TANYIN_PORT", "-1"),
        ("TANYIN_HOST", "0.0.0.0"),  # noqa: S104 - refused is the point
        ("TANYIN_HOST", "tanyin.example"),
        ("TANYIN_RATE_LIMIT", "maybe"),
        ("TANYIN_CORS_ORIGINS", "example.org"),
        ("TANYIN_CORS_ORIGINS", "https://a.example, *"),
        ("TANYIN_BODY_LIMIT", "1 MiB"),
        ("TANYIN_WITNESSES", "https://w.example"),
        ("TANYIN_WITNESSES", f"{WITNESS}"),
        ("TANYIN_WITNESSES", f"{WITNESS} w.example"),
        ("TANYIN_WITNESSES", f"{WITNESS[:-1]}x https://w.example"),
    ],
)
def test_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name) as caught:
        from_environment({name: value})

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "s3cret",
        "mysql://app:s3cret@db/tanyin",
        "sqlite:///s3cret",
        "postgresql://db/s3cret",
        "postgresql://app:s3cret@db",
        "postgresql://app:s3cret@db:port/tanyin",
    ],
)
def test_bad_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(BadSetting, match="TANYIN_DATABASE_URL") as caught:
        from_environment(URLS | {"TANYIN_DATABASE_URL": url})

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", URLS)
def test_urls_come_together(name: str) -> None:
    with pytest.raises(BadSetting, match="together"):
        from_environment({name: URLS[name]})
