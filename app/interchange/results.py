"""The answer of a calculation for people who live in spreadsheets: CSV and XLSX.

A sheet, or in CSV a section, for each part. Figures are numbers with the digits of the
answer; codes and names are text that no program takes for a formula.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeAlias

import msgspec
import orjson

from app.calculation.documents import CalculationAnswer
from app.interchange.xlsx_writer import OutCell, SheetPlan, Style, write
from app.kit.errors import TooLarge
from app.kit.formulas import escaped

Row: TypeAlias = Mapping[str, Any]

_MOST_ROWS: Final = 1_048_576
_WIDTH: Final = 18
# Without it Chinese versions of Excel read a file in their own encoding.
_BOM: Final = "\ufeff"


class TooManyRows(TooLarge):
    en = "A sheet has at most {limit} rows; ask for CSV, or for detail SUMMARY."
    zh = "每张工作表最多 {limit} 行;请改用 CSV,或将 detail 设为 SUMMARY。"


@dataclass(frozen=True, slots=True)
class _Column:
    key: str
    zh: str
    is_number: bool = False

    @property
    def header(self) -> str:
        return f"{self.zh} | {self.key}"


@dataclass(frozen=True, slots=True)
class _Table:
    key: str
    zh: str
    columns: Sequence[_Column]
    rows: Callable[[Row], Iterable[Row]]

    @property
    def name(self) -> str:
        return f"{self.zh} {self.key}"


def as_csv(answer: CalculationAnswer) -> bytes:
    """Return the answer as one file of sections: RFC 4180 in UTF-8 with its mark."""
    file = io.StringIO()
    writer = csv.writer(file)
    document = _plain(answer)
    for number, table in enumerate(_TABLES):
        if number:
            writer.writerow(())
        writer.writerow((table.name,))
        writer.writerow(each.header for each in table.columns)
        for row in table.rows(document):
            writer.writerow(_csv_cell(each, row) for each in table.columns)
    return (_BOM + file.getvalue()).encode()


def as_xlsx(answer: CalculationAnswer) -> bytes:
    """Return the answer as a workbook; raises `TooManyRows`."""
    document = _plain(answer)
    longest = max(len(document[name]) for name in ("processes", "contributions"))
    # The header and what the rest adds up to.
    if longest + 2 > _MOST_ROWS:
        raise TooManyRows(limit=_MOST_ROWS)
    file: BinaryIO = io.BytesIO()
    write(file, [_sheet(table, document) for table in _TABLES])
    file.seek(0)
    return file.read()


def _plain(answer: CalculationAnswer) -> Row:
    """Return the answer without structs and without the request it repeats."""
    shown = {name: each for name, each in answer.items() if name != "request_pinned"}
    document: Row = orjson.loads(msgspec.json.encode(shown))
    return document


def _csv_cell(column: _Column, row: Row) -> str:
    value = row[column.key]
    if value is None:
        return ""
    # A minus before digits is a number and no formula.
    return str(value) if column.is_number else escaped(str(value))


def _sheet(table: _Table, document: Row) -> SheetPlan:
    widths = tuple(_WIDTH for _ in table.columns)
    styles = {
        number: Style.PLAIN
        for number, each in enumerate(table.columns, 1)
        if each.is_number
    }
    return SheetPlan(table.name, _cells(table, document), widths, styles=styles)


def _cells(table: _Table, document: Row) -> Iterator[tuple[int, dict[int, OutCell]]]:
    columns = dict(enumerate(table.columns, 1))
    yield 1, {n: OutCell(each.header, Style.HEADER) for n, each in columns.items()}
    for number, row in enumerate(table.rows(document), 2):
        yield (
            number,
            {
                n: _cell(each, row[each.key])
                for n, each in columns.items()
                if row[each.key] is not None
            },
        )


def _cell(column: _Column, value: object) -> OutCell:
    if column.is_number:
        return OutCell(str(value), Style.PLAIN, number=True)
    return OutCell(str(value))


def _headline(answer: Row) -> Iterator[Row]:
    result, per = answer["result"], answer["result"]["per"]
    receipt = answer["receipt"] or {"id": None}
    yield {
        **result,
        "amount": per["amount"],
        "per": per["unit"],
        "process": per["process"],
        "gwp_set": answer["gwp_set"],
        "snapshot": answer["snapshot"],
        "engine": answer["engine"],
        "receipt": receipt["id"],
    }


def _single(name: str) -> Callable[[Row], Iterable[Row]]:
    """Return what reads the one row of a part that may be null."""
    return lambda answer: () if answer[name] is None else (answer[name],)


def _ratings(answer: Row) -> Iterator[Row]:
    found = answer["data_quality"] or {}
    for name in ("weighted_80", "full"):
        if found.get(name):
            yield {**found, **found[name], "weights": name}


def _cut_offs(answer: Row) -> Iterator[Row]:
    if answer["cut_off"] is not None:
        yield from answer["cut_off"]["items"]


def _contributions(answer: Row) -> Iterator[Row]:
    yield from answer["contributions"]
    rest = answer["rest"]
    if rest["count"]:
        left_out = dict.fromkeys(each.key for each in _CONTRIBUTION)
        yield left_out | {"process": f"({rest['count']})", "value": rest["value"]}


def _factors(answer: Row) -> Iterator[Row]:
    for each in answer["factors"]:
        source = each["source"]
        yield {
            **each,
            "name_zh": each["name"]["zh"],
            "name_en": each["name"]["en"],
            "title": source["title"],
            "publisher": source["publisher"]["zh"],
        }


def _warnings(answer: Row) -> Iterator[Row]:
    for each in answer["warnings"]:
        yield {**each, **each["detail"]}


def _part(name: str) -> Callable[[Row], Iterable[Row]]:
    def rows(answer: Row) -> Iterable[Row]:
        found: list[Row] = answer[name]
        return found

    return rows


def _figure(key: str, zh: str) -> _Column:
    return _Column(key, zh, is_number=True)


_VALUE: Final = _figure("value", "排放量 kgCO2e")
_CONTRIBUTION: Final = (
    _Column("pointer", "位置"),
    _Column("process", "过程"),
    _Column("via", "上一过程"),
    _Column("stage", "阶段"),
    _Column("factor", "因子"),
    _Column("gas", "气体"),
    _figure("amount", "数量"),
    _Column("unit", "单位"),
    _VALUE,
    _figure("share", "占比"),
)
_TABLES: Final = (
    _Table(
        "result",
        "结果",
        (
            _figure("value", "结果"),
            _Column("unit", "单位"),
            _figure("amount", "产品数量"),
            _Column("per", "产品单位"),
            _Column("process", "过程"),
            _figure("excluding_uptake", "不含生物质吸收"),
            _Column("gwp_set", "GWP 取值"),
            _figure("snapshot", "快照"),
            _Column("engine", "计算引擎"),
            _Column("receipt", "凭证"),
        ),
        _headline,
    ),
    _Table("by_stage", "阶段", (_Column("stage", "阶段"), _VALUE), _part("by_stage")),
    _Table(
        "by_gas",
        "气体",
        (
            _Column("gas", "气体"),
            _figure("mass_kg", "质量 kg"),
            _figure("co2e", "排放量 kgCO2e"),
        ),
        _part("by_gas"),
    ),
    _Table(
        "by_category",
        "类别",
        (_Column("category", "类别"), _VALUE),
        _part("by_category"),
    ),
    _Table(
        "processes",
        "过程",
        (
            _Column("id", "标识"),
            _Column("name", "名称"),
            _Column("via", "上一过程"),
            _Column("stage", "阶段"),
            _figure("activity_level", "运行次数"),
            _figure("direct", "直接"),
            _figure("upstream", "上游"),
            _figure("total", "合计"),
            _figure("share", "占比"),
        ),
        _part("processes"),
    ),
    _Table("contributions", "贡献", _CONTRIBUTION, _contributions),
    _Table(
        "factors",
        "因子",
        (
            _Column("code", "编码"),
            _figure("version", "版本"),
            _Column("name_zh", "中文名称"),
            _Column("name_en", "英文名称"),
            _figure("value", "因子值"),
            _Column("unit", "单位"),
            _Column("title", "来源"),
            _Column("publisher", "发布单位"),
            _Column("record_sha256", "记录摘要"),
            _figure("log_index", "日志序号"),
        ),
        _factors,
    ),
    _Table(
        "uncertainty",
        "不确定度",
        (
            _Column("method", "方法"),
            _Column("shape", "分布"),
            *(
                _figure(key, zh)
                for key, zh in (
                    ("mean", "均值"),
                    ("sd", "标准差"),
                    ("median", "中位数"),
                    ("p2_5", "2.5 % 分位"),
                    ("p97_5", "97.5 % 分位"),
                    ("gsd", "几何标准差"),
                    ("draws", "抽样次数"),
                    ("seed", "种子"),
                )
            ),
        ),
        _single("uncertainty"),
    ),
    _Table(
        "data_quality",
        "数据质量",
        (
            _Column("weights", "权重"),
            _figure("dqr", "数据质量评级"),
            _Column("band", "等级"),
            _figure("ter", "技术"),
            _figure("ger", "地理"),
            _figure("tir", "时间"),
            _figure("p", "精确度"),
            _figure("share_known", "已知占比"),
            _figure("primary_data_share", "初级数据占比"),
            _figure("primary_data_share_national", "初级数据占比(国内口径)"),
            _figure("traceability_index", "溯源指数"),
        ),
        _ratings,
    ),
    _Table(
        "electricity",
        "电力",
        (
            _figure("market_based", "基于市场 kgCO2e"),
            _figure("location_based", "基于位置 kgCO2e"),
            _Column("result_is", "结果口径"),
        ),
        _single("electricity"),
    ),
    _Table(
        "cut_off",
        "取舍",
        (
            _Column("name", "名称"),
            _Column("process", "过程"),
            _VALUE,
            _figure("share", "占比"),
            _Column("reason", "理由"),
        ),
        _cut_offs,
    ),
    _Table(
        "warnings",
        "提示",
        (
            _Column("code", "代码"),
            _Column("pointer", "位置"),
            _figure("count", "行数"),
            _Column("zh", "说明"),
            _Column("en", "English"),
        ),
        _warnings,
    ),
)
