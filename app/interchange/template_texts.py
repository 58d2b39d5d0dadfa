"""What the template shows: rows to learn from, and how to fill it in."""

from collections.abc import Mapping
from typing import Final

_FACTOR: Final[Mapping[str, str]] = {
    "type": "新增 | NEW",
    "name_zh": "示例:电解铝(某企业)",
    "name_en": "Example: primary aluminium of one enterprise",
    "kind": "产品碳足迹因子 | PCF",
    "category": "ALUMINIUM",
    "value": "16.50",
    "unit": "kgCO2e/kg",
    "gwp_set": "AR6_100",
    "boundary": "从摇篮到大门 | CRADLE_TO_GATE",
    "region": "CN-SD",
    "technology": "预焙槽",
    "representativeness": "企业特定 | ENTERPRISE",
    "reference_year": "2024",
    "data_from": "2024-01-01",
    "data_to": "2024-12-31",
    "valid_from": "2025-01-01",
    "valid_to": "2027-12-31",
    "uncertainty_min": "15.80",
    "uncertainty_max": "17.20",
    "ter": "1",
    "ger": "1",
    "tir": "2",
    "p": "2",
    "gas_CO2_FOSSIL": "16.05",
    "gas_CF4": "0.00006",
    "stage_RAW": "3.90",
    "stage_MFG": "12.60",
    "allocation": "未分配",
    "cut_off": "质量低于 1% 的辅料",
    "source_title": "示例企业 2024 年电解铝产品碳足迹报告",
    "source_publisher_zh": "示例铝业有限公司",
    "source_publisher_en": "Example Aluminium Ltd",
    "source_document_number": "PCF-2025-01",
    "source_date": "2025-03",
    "source_locator": "表 4",
    "licence": "仅供示例",
    "owner_zh": "示例铝业有限公司",
    "owner_en": "Example Aluminium Ltd",
    "note": "数值为虚构,仅示范填写方法",
}
_PARAMETER: Final[Mapping[str, str]] = {
    "type": "新增 | NEW",
    "name_zh": "示例:天然气低位热值",
    "name_en": "Example: net calorific value of natural gas",
    "kind": "PARAMETER",
    "category": "NATURAL_GAS",
    "value": "38.90",
    "unit": "MJ/Nm3",
    "gwp_set": "NOT_APPLICABLE",
    "boundary": "NOT_STATED",
    "region": "中国 | CN",
    "representativeness": "行业平均 | INDUSTRY_AVG",
    "reference_year": "2023",
    "source_title": "示例协会统计",
    "source_publisher_zh": "示例协会",
    "source_publisher_en": "Example Association",
    "source_date": "2024",
    "licence": "仅供示例",
}
_RETIREMENT: Final[Mapping[str, str]] = {
    "type": "退出 | RETIREMENT",
    "factor": "CNF-01-000002-11",
    "change_reason": "示例:已由新版统计取代",
}
EXAMPLES: Final = (_FACTOR, _PARAMETER, _RETIREMENT)

_CHINESE: Final = """\
一行一个条目,填写于“数据 data”表;“示例 example”表不会被读取。
列的顺序不限,未用的可选列可以删除;表头保持原样,或只保留竖线后的键。
数值按来源逐位以文本填写,例如 0.6200。
数值中不要使用公式、千位分隔符、万、% 或全角数字。
日期写作 2024-01-31、2024/1/31 或 2024年1月31日,或使用日期单元格。
词表列可填代码、名称,或“名称 | 代码”。
不要合并单元格。
退出(RETIREMENT)只需条目类型、因子编码和变更原因。
其他气体写作 HFC_134A=0.001,各项以分号分隔。
产品属性写作 NCV=38.9 MJ/kg,各项以分号分隔。
文本不要以等号开头。
"""
_ENGLISH: Final = """\
Write one item a row in the sheet “数据 data”; the examples are not read.
Columns may stand in any order; keep the headers, or only the keys behind the bar.
Write values as text, digit for digit as the source has them, such as 0.6200.
Write no formulas, separators of thousands, 万, % or full-width digits in values.
Write days as 2024-01-31, 2024/1/31 or 2024年1月31日, or as date cells.
Cells with a vocabulary take the code, the label, or “label | CODE”.
Do not merge cells.
A RETIREMENT needs the type, the code of the factor and the reason of change only.
Write other gases as HFC_134A=0.001, with semicolons between entries.
Write properties as NCV=38.9 MJ/kg, with semicolons between entries.
Let no text begin with an equals sign.
"""
HELP: Final = tuple(zip(_CHINESE.splitlines(), _ENGLISH.splitlines(), strict=True))
