"""What can be wrong with one cell, and what would be right."""

from app.interchange.findings import Remark, Severity
from app.kit.errors import Invalid


class FormulaNotAllowed(Invalid):
    en = (
        "The cell holds a formula, {formula}. Its result is not read: copy the cell, "
        "paste it as a value, and format it as text."
    )
    zh = (
        "单元格含有公式 {formula},不读取其计算结果。请复制后“选择性粘贴”为数值,"
        "并设为文本。"
    )


class LooksLikeFormula(Invalid):
    code = "FORMULA_NOT_ALLOWED"
    en = (
        '"{text}" begins with =, as formulas do. Write the value itself; let a text '
        "begin with another character."
    )
    zh = "“{text}”以等号开头,形同公式。请填写数值本身;如为文本,请改用其他字符开头。"


class ErrorCell(Invalid):
    code = "BAD_TYPE"
    en = "The cell shows the error {text}. Write the value itself."
    zh = "单元格显示错误 {text}。请直接填写数值。"


class BooleanCell(Invalid):
    code = "BAD_TYPE"
    en = "The cell is the truth value {text}. Write text."
    zh = "单元格为逻辑值 {text}。请填写文本。"


class DateCell(Invalid):
    code = "BAD_TYPE"
    en = (
        "The cell is a date ({text}), and no date belongs here. Format the column as "
        "text and write the entry again."
    )
    zh = "此处不应为日期,而单元格为日期({text})。请将该列设为文本后重新填写。"


class PercentCell(Invalid):
    code = "BAD_TYPE"
    en = (
        "The cell is the number {text} shown as a percentage. Format the column as "
        "text and write the number that is meant, with its unit in the column of units."
    )
    zh = (
        "单元格是以百分比显示的数字 {text}。请将该列设为文本,填写所指数值,"
        "单位写入单位列。"
    )


class DigitsLost(Invalid):
    code = "BAD_DECIMAL"
    en = (
        "The cell is the number {text}: with 15 or more digits it may not be what was "
        "typed. Format the column as text and write the digits of the source."
    )
    zh = (
        "单元格为数字 {text},达到 15 位有效数字,可能已非原始录入。"
        "请将该列设为文本,并按来源逐位填写。"
    )


class NumberTaken(Remark):
    en = (
        'The cell is a number and was read as "{text}". If the source states more '
        "zeros at the end, format the column as text and write them."
    )
    zh = "单元格为数字,按“{text}”读取。若来源末尾还有零,请将该列设为文本并补全。"


class SpacesTrimmed(Remark):
    severity = Severity.INFO
    en = 'Spaces around the text were left out: "{text}".'
    zh = "已去除首尾空格:“{text}”。"


class HiddenCharacters(Invalid):
    code = "BAD_TEXT"
    en = "The text holds characters that nobody sees: {characters}. Type it again."
    zh = "文本含有不可见字符:{characters}。请重新输入。"


class LineBreak(Invalid):
    code = "BAD_TEXT"
    en = "The text has more than one line. Write it in one line."
    zh = "文本含有换行。请写成一行。"


class Required(Invalid):
    code = "MISSING_FIELD"
    en = "The cell is empty, and {header} is required."
    zh = "单元格为空,而“{header}”为必填项。"


class NotDecimal(Invalid):
    code = "BAD_DECIMAL"
    en = (
        '"{text}" is no plain decimal. Write ASCII digits with a point, such as '
        "0.6205: no sign but a minus, no exponent, no unit, no leading zeros."
    )
    zh = (
        "“{text}”不是普通十进制数。请用半角数字和小数点书写,例如 0.6205:"
        "除负号外不带符号,不含指数、单位和前导零。"
    )


class FullWidth(Invalid):
    code = "BAD_DECIMAL"
    en = '"{text}" has full-width characters. Write {right}.'
    zh = "“{text}”含有全角字符,应写作 {right}。"


class Thousands(Invalid):
    code = "BAD_DECIMAL"
    en = '"{text}" has commas. Write {right} if they separate thousands.'
    zh = "“{text}”含有逗号。若为千位分隔符,应写作 {right}。"


class DecimalComma(Invalid):
    code = "BAD_DECIMAL"
    en = '"{text}" has a comma. The decimal mark is a point, as in 0.6205.'
    zh = "“{text}”含有逗号。小数点应为英文句点,例如 0.6205。"


class TenThousands(Invalid):
    code = "BAD_DECIMAL"
    en = (
        '"{text}" counts in {word}. Write {right}, or state the unit with {word} in '
        "the column of units."
    )
    zh = "“{text}”以“{word}”计数。应写作 {right},或在单位列使用含“{word}”的单位。"


class Percentage(Invalid):
    code = "BAD_DECIMAL"
    en = (
        '"{text}" is a percentage. Write {right} with the unit %, or {ratio} with the '
        "unit 1."
    )
    zh = "“{text}”为百分数。应写作 {right} 并以 % 为单位,或写作 {ratio} 并以 1 为单位。"


class Exponent(Invalid):
    code = "BAD_DECIMAL"
    en = '"{text}" has an exponent. Write {right}.'
    zh = "“{text}”使用了科学计数法,应写作 {right}。"


class BadYear(Invalid):
    code = "BAD_TYPE"
    en = '"{text}" is no year. Write four digits, such as 2023.'
    zh = "“{text}”不是年份。请写四位数字,例如 2023。"


class BadDate(Invalid):
    en = '"{text}" is no day. Write it as 2024-01-31.'
    zh = "“{text}”不是日期。请写作 2024-01-31 的形式。"


class AmbiguousDate(Invalid):
    code = "BAD_DATE"
    en = '"{text}" can be read as more than one day. Begin with the year: 2024-01-31.'
    zh = "“{text}”可理解为不同日期。请以年份开头,例如 2024-01-31。"


class NumberNotDate(Invalid):
    code = "BAD_DATE"
    en = (
        "The cell is the number {text} and not formatted as a date. Write the day as "
        "text, such as 2024-01-31."
    )
    zh = "单元格为数字 {text},未设为日期格式。请以文本填写日期,例如 2024-01-31。"


class TimeInDate(Invalid):
    code = "BAD_DATE"
    en = (
        "The cell ({text}) is a date with a time of day, or outside the calendar. "
        "Write the day as text, such as 2024-01-31."
    )
    zh = "单元格({text})带有时刻或超出日历范围。请以文本填写日期,例如 2024-01-31。"


class BadEntry(Invalid):
    code = "BAD_VALUE"
    en = '"{text}" is no entry of this list. Write {example}, with ; between entries.'
    zh = "“{text}”不符合列表写法。应写作 {example},各项以 ; 分隔。"


class EntryTwice(Invalid):
    code = "BAD_VALUE"
    en = "{name} is stated twice in this row. State it once."
    zh = "{name} 在本行重复填写。请只填一次。"


class Incomplete(Invalid):
    code = "MISSING_FIELD"
    en = "{missing} is empty, while {stated} is stated. State all of {group} or none."
    zh = "已填 {stated} 而 {missing} 为空。{group} 须全部填写或全部留空。"


class FactorMissing(Invalid):
    code = "MISSING_FIELD"
    en = "{type} concerns a factor that exists. Write its code."
    zh = "{type} 针对已有因子,请填写因子编码。"


class FactorNotNew(Invalid):
    code = "BAD_VALUE"
    en = "A new factor has no code yet. Leave the code out, or choose another type."
    zh = "新增因子尚无编码。请留空,或选择其他条目类型。"


class NotPinned(Invalid):
    code = "BAD_VALUE"
    en = '"{text}" names no version. Write it as CNF-01-000002-11@1.'
    zh = "“{text}”未指明版本。应写作 CNF-01-000002-11@1。"


class MergedCells(Invalid):
    en = "The cells {ref} are merged. Unmerge them and fill each one."
    zh = "单元格 {ref} 已合并。请取消合并并逐格填写。"


class NoHeader(Invalid):
    en = 'The cell "{text}" stands in a column without a header. Remove it.'
    zh = "“{text}”所在列没有表头。请删除该单元格内容。"


class HiddenRow(Remark):
    en = "This row is hidden and was read. Delete it if it is not meant."
    zh = "此行为隐藏行,已读取。如非本意请删除。"


class HiddenColumn(Remark):
    en = "This column is hidden and was read. Delete it if it is not meant."
    zh = "此列为隐藏列,已读取。如非本意请删除。"


class HiddenSheet(Remark):
    en = "This sheet is hidden and was read. Delete it if it is not meant."
    zh = "此工作表已隐藏,仍已读取。如非本意请删除。"


class SheetIgnored(Remark):
    en = "This sheet has no headers of the template and was not read."
    zh = "此工作表没有模板表头,未读取。"
