"""The columns of a spreadsheet and the fields of a content that they state."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from app.factors.content import Content
from app.interchange.vocabularies import fold
from app.reference.gases import gases


class ColumnKind(Enum):
    """How the cells of a column are read."""

    TEXT = auto()
    DECIMAL = auto()
    YEAR = auto()
    DAY = auto()
    PARTIAL_DAY = auto()
    CHOICE = auto()
    WORD = auto()
    """A code, an address or a list: text without a vocabulary of its own."""
    IGNORED = auto()
    """What a report added."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `pointer` is the field of a content that it states."""

    key: str
    zh: str
    en: str
    kind: ColumnKind
    pointer: str | None = None
    vocabulary: str | None = None
    required: bool = False

    @property
    def header(self) -> str:
        """The header as the template writes it."""
        return f"{self.zh} | {self.key}"


_TEXT, _DECIMAL, _WORD = ColumnKind.TEXT, ColumnKind.DECIMAL, ColumnKind.WORD
_DAY = ColumnKind.DAY


def _choice(key: str, zh: str, en: str, vocabulary: str) -> Column:
    return Column(key, zh, en, ColumnKind.CHOICE, f"/{key}", vocabulary, required=True)


def _must(key: str, zh: str, en: str, kind: ColumnKind, pointer: str) -> Column:
    return Column(key, zh, en, kind, pointer, required=True)


# Gases that footprints state; whatever else is known goes into `gases_other`.
_GASES: Final = (
    "CO2_FOSSIL",
    "CO2_BIO_EMIT",
    "CO2_BIO_UPTAKE",
    "CO2_LUC",
    "CH4_FOSSIL",
    "CH4_BIO",
    "N2O",
    "SF6",
    "NF3",
    "CF4",
    "C2F6",
)
GAS_PREFIX: Final = "gas_"
_NAMES: Final = {each.code: each for each in gases()}
_GAS_COLUMNS: Final = tuple(
    Column(
        f"{GAS_PREFIX}{code}",
        f"{_NAMES[code].zh} kg/声明单位",
        f"{_NAMES[code].en}, kg per declared unit",
        _DECIMAL,
        "/gases",
    )
    for code in _GASES
)
STAGE_PREFIX: Final = "stage_"
_STAGE_COLUMNS: Final = tuple(
    Column(
        f"{STAGE_PREFIX}{code}",
        f"阶段值 {zh}",
        f"Part of the value: {en}",
        _DECIMAL,
        "/stages",
    )
    for code, zh, en in (
        ("RAW", "原材料获取", "raw material acquisition"),
        ("MFG", "生产制造", "manufacturing"),
        ("DIST", "分销", "distribution"),
        ("USE", "使用", "use"),
        ("EOL", "生命末期", "end of life"),
    )
)

COLUMNS: Final = (
    Column("type", "条目类型", "Type of item", ColumnKind.CHOICE, None, "type"),
    Column("factor", "因子编码", "Code of the factor, unless it is new", _WORD),
    _must("name_zh", "名称(中文)", "Name in Chinese", _TEXT, "/name/zh"),
    _must("name_en", "名称(英文)", "Name in English", _TEXT, "/name/en"),
    _choice("kind", "因子种类", "Kind of factor", "factor_kind"),
    _choice("category", "产品类别", "Product category", "category"),
    _must("value", "数值", "Value", _DECIMAL, "/value"),
    _must("unit", "单位", "Unit, such as kgCO2e/kWh", _WORD, "/unit"),
    _choice("gwp_set", "GWP 取值", "GWP set", "gwp_set"),
    _choice("boundary", "系统边界", "System boundary", "boundary"),
    _choice("region", "地区", "Region", "region"),
    Column("technology", "工艺技术", "Technology", _TEXT, "/technology"),
    _choice("representativeness", "代表性", "Representativeness", "representativeness"),
    _must(
        "reference_year", "基准年", "Reference year", ColumnKind.YEAR, "/reference_year"
    ),
    Column("data_from", "数据期起", "Data from", _DAY, "/data_period/first"),
    Column("data_to", "数据期止", "Data until", _DAY, "/data_period/last"),
    Column("valid_from", "有效期起", "Valid from", _DAY, "/validity/first"),
    Column("valid_to", "有效期止", "Valid until", _DAY, "/validity/last"),
    Column("uncertainty_min", "下限", "Lower bound", _DECIMAL, "/uncertainty/min"),
    Column("uncertainty_max", "上限", "Upper bound", _DECIMAL, "/uncertainty/max"),
    Column("ter", "技术代表性评分", "TeR, 1 to 5", _DECIMAL, "/data_quality/ter"),
    Column("ger", "地理代表性评分", "GeR, 1 to 5", _DECIMAL, "/data_quality/ger"),
    Column("tir", "时间代表性评分", "TiR, 1 to 5", _DECIMAL, "/data_quality/tir"),
    Column("p", "精度评分", "Precision, 1 to 5", _DECIMAL, "/data_quality/p"),
    *_GAS_COLUMNS,
    Column("gases_other", "其他气体", "Other gases: CODE=kg; …", _WORD, "/gases"),
    *_STAGE_COLUMNS,
    Column(
        "properties", "产品属性", "Properties: NCV=38.9 MJ/kg; …", _WORD, "/properties"
    ),
    Column("allocation", "分配方法", "Allocation", _TEXT, "/allocation"),
    Column("cut_off", "取舍准则", "Cut-off", _TEXT, "/cut_off"),
    _must("source_title", "来源标题", "Title of the source", _TEXT, "/sources/0/title"),
    _must(
        "source_publisher_zh",
        "来源发布者(中文)",
        "Publisher in Chinese",
        _TEXT,
        "/sources/0/publisher/zh",
    ),
    _must(
        "source_publisher_en",
        "来源发布者(英文)",
        "Publisher in English",
        _TEXT,
        "/sources/0/publisher/en",
    ),
    Column(
        "source_document_number",
        "文号",
        "Number of the document",
        _TEXT,
        "/sources/0/document_number",
    ),
    Column(
        "source_date",
        "来源日期",
        "Date of the source: day, month or year",
        ColumnKind.PARTIAL_DAY,
        "/sources/0/date",
    ),
    Column(
        "source_locator", "页码或表号", "Page or table", _TEXT, "/sources/0/locator"
    ),
    Column("source_url", "来源网址", "Address", _WORD, "/sources/0/url"),
    Column(
        "source_evidence_sha256",
        "证据文件 SHA-256",
        "SHA-256 of the evidence",
        _WORD,
        "/sources/0/evidence_sha256",
    ),
    Column(
        "derivation",
        "推导所用因子",
        "Factors it is derived from: CODE@version * 13500 kWh; …",
        _WORD,
        "/derivation",
    ),
    _must("licence", "使用许可", "Licence", _TEXT, "/licence"),
    Column("owner_zh", "数据所有者(中文)", "Owner in Chinese", _TEXT, "/owner/zh"),
    Column("owner_en", "数据所有者(英文)", "Owner in English", _TEXT, "/owner/en"),
    Column("change_reason", "变更原因", "Reason of change", _TEXT, "/change_reason"),
    Column("note", "备注", "Note", _TEXT, "/note"),
)
REPORT_COLUMNS: Final = (
    Column("result", "校验结果", "Result", ColumnKind.IGNORED),
    Column("findings", "校验意见", "Findings", ColumnKind.IGNORED),
)
BY_KEY: Final[Mapping[str, Column]] = MappingProxyType(
    {each.key: each for each in COLUMNS}
)
BY_HEADER: Final[Mapping[str, Column]] = MappingProxyType(
    {
        fold(name): each
        for each in (*COLUMNS, *REPORT_COLUMNS)
        for name in (each.key, each.zh, each.header)
    }
)
_BY_POINTER: Final = {each.pointer: each.key for each in COLUMNS}
_PARENTS: Final = {
    "/name": "name_zh",
    "/data_period": "data_from",
    "/validity": "valid_from",
    "/uncertainty": "uncertainty_min",
    "/data_quality": "ter",
    "/gases": "gases_other",
    "/stages": "stage_RAW",
    "/sources": "source_title",
    "/owner": "owner_zh",
}


def column_of_pointer(pointer: str, content: Content | None = None) -> str | None:
    """Return the key of the column that states what *pointer* points at.

    With *content* a gas or a stage leads to the column of that gas or stage.
    """
    steps = pointer.split("/")
    if content is not None and steps[1:2] in (["gases"], ["stages"]):
        return _column_of_entry(steps, content)
    while len(steps) > 1:
        path = "/".join(steps)
        found = _PARENTS.get(path) or _BY_POINTER.get(path)
        if found:
            return found
        steps.pop()
    return None


def _column_of_entry(steps: list[str], content: Content) -> str:
    if steps[1] == "gases":
        keys = [f"{GAS_PREFIX}{each.gas}" for each in content.gases]
    else:
        keys = [f"{STAGE_PREFIX}{each.stage}" for each in content.stages]
    number = int(steps[2]) if steps[2:] and steps[2].isdecimal() else len(keys)
    key = keys[number] if number < len(keys) else ""
    return key if key in BY_KEY else _PARENTS["/" + steps[1]]
