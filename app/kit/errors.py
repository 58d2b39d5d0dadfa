"""The families of errors that every edge knows how to show.

    DomainError
    ├── Malformed           the bytes are not what the format says
    ├── Unauthenticated     nobody we know
    ├── Forbidden           known, but not allowed
    ├── NotFound            no such thing, or none that the caller may see
    ├── Conflict            the state of the thing forbids it
    ├── PreconditionFailed  the caller's copy is stale
    ├── TooLarge            over a stated limit
    ├── UnsupportedMedia    a format we do not read
    ├── Invalid             the content breaks a rule
    │   └── Findings        several at once
    ├── TooManyRequests     over the rate
    └── Unavailable         not now; try again

A concrete error is a class beside the code that raises it. It states its stable
`code` (by default the class name in UPPER_SNAKE) and its sentence in both languages;
the sentence names the thing and the rule and is safe to show.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Self


def upper_snake(name: str) -> str:
    """Return *name*, in CamelCase, as UPPER_SNAKE."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


class DomainError(Exception):
    """A refusal with a stable code and a sentence in English and in Chinese.

    `en` and `zh` are format strings over the keyword arguments. `pointer` is the
    RFC 6901 pointer of the offending value in what the caller sent. `candidates` are
    documents of what may be sent instead, for a program to choose from.
    """

    code: ClassVar[str] = "DOMAIN_ERROR"
    en: ClassVar[str] = "The request was refused."
    zh: ClassVar[str] = "请求被拒绝。"
    candidates: Sequence[Mapping[str, object]] = ()

    def __init_subclass__(cls) -> None:
        if "code" not in cls.__dict__:
            cls.code = upper_snake(cls.__name__)

    def __init__(self, *, pointer: str | None = None, **facts: object) -> None:
        self.pointer = pointer
        self.facts = facts
        super().__init__(self.detail("en"))

    def placed(self, pointer: str) -> Self:
        """Return the same refusal at *pointer*."""
        other: Self = _again(self.__class__, self.args, self.__dict__)
        other.pointer = pointer
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross to another process whatever the arguments of the class are."""
        return _again, (self.__class__, self.args, self.__dict__)

    def detail(self, language: str) -> str:
        """Return the sentence in *language* (`zh`, or English for anything else)."""
        template = self.zh if language == "zh" else self.en
        return template.format(
            **{name: _shown(each) for name, each in self.facts.items()}
        )


def _again(
    kind: type[DomainError],
    texts: tuple[object, ...],
    fields: dict[str, object],
) -> Any:  # noqa: ANN401 - a *kind*
    error = kind.__new__(kind, *texts)
    error.__dict__.update(fields)
    return error


def _shown(fact: object) -> object:
    """Return *fact* without characters that would hide or turn what a reader sees."""
    if not isinstance(fact, str) or fact.isprintable():
        return fact
    return "".join(each if each.isprintable() or each == "\n" else "�" for each in fact)


class Malformed(DomainError):
    en = "The request is not well-formed."
    zh = "请求格式不正确。"


class Unauthenticated(DomainError):
    en = "The API key is missing, unknown, expired or revoked."
    zh = "API 密钥缺失、未知、已过期或已吊销。"


class Forbidden(DomainError):
    en = "This is not allowed for the caller."
    zh = "调用者无权执行此操作。"


class NotFound(DomainError):
    en = "There is no such resource."
    zh = "资源不存在。"


class Conflict(DomainError):
    en = "The state of the resource forbids this."
    zh = "资源当前状态不允许此操作。"


class PreconditionFailed(DomainError):
    en = "The resource has changed since it was read."
    zh = "资源在读取之后已发生变化。"


class TooLarge(DomainError):
    en = "The request is larger than the limit."
    zh = "请求超过大小限制。"


class UnsupportedMedia(DomainError):
    en = "The content type or encoding is not supported."
    zh = "不支持该内容类型或编码。"


class Invalid(DomainError):
    en = "The content breaks a rule."
    zh = "内容违反规则。"


MOST_FINDINGS: Final = 1_000
"""How many are told of at once."""


class Findings(Invalid):
    """Several rules broken at once, *count* if `errors` has but the first of them."""

    code = "INVALID_REQUEST"
    en = "{count} rules are broken; see errors."
    zh = "共有 {count} 处违反规则,详见 errors。"

    def __init__(self, errors: Sequence[Invalid], count: int | None = None) -> None:
        self.errors = tuple(errors)
        super().__init__(count=count or len(self.errors))


class TooManyRequests(DomainError):
    en = "The rate limit of {limit} requests a minute is exceeded."
    zh = "超过每分钟 {limit} 次的请求限额。"


class Unavailable(DomainError):
    en = "The service cannot answer now; try again later."
    zh = "服务暂时不可用,请稍后重试。"
