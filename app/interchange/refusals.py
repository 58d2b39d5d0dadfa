"""What can be wrong with a whole spreadsheet, so that no row of it is read."""

from app.kit.errors import Invalid, UnsupportedMedia


class NotASpreadsheet(UnsupportedMedia):
    en = "Spreadsheets are read as {xlsx} or {csv}."
    zh = "表格只接受 {xlsx} 或 {csv}。"


class BadFile(Invalid):
    en = "The file is no XLSX workbook: {reason}. Save it as .xlsx and send it again."
    zh = "该文件不是 XLSX 工作簿:{reason_zh}。请另存为 .xlsx 后重新上传。"


class BadArchive(Invalid):
    en = (
        "The archive of the workbook is not sound: {reason}. Open it in a spreadsheet "
        "program and save it again as .xlsx."
    )
    zh = "工作簿压缩包不规范:{reason_zh}。请用表格软件打开后重新另存为 .xlsx。"


class ArchiveBomb(Invalid):
    en = "The workbook would unpack beyond the limit: {reason}."
    zh = "工作簿解压后超出限制:{reason_zh}。"


class ActiveContent(Invalid):
    en = "The workbook holds active content: {reason}. Save it as .xlsx without it."
    zh = "工作簿含有活动内容:{reason_zh}。请去除后另存为 .xlsx。"


class TooManyItems(Invalid):
    en = "There are too many {what}, seen at {place}; the limit is {limit}."
    zh = "{what_zh}过多,见 {place};上限为 {limit}。"


class BadHeader(Invalid):
    """The row of headers; the concrete classes say what is wrong with it."""


class HeaderMissing(BadHeader):
    code = "BAD_HEADER"
    en = (
        'The first row of sheet "{sheet}" must hold the headers of the template; '
        "missing: {missing}."
    )
    zh = "工作表“{sheet}”的第一行必须是模板表头,缺少:{missing}。"


class HeaderTwice(BadHeader):
    code = "BAD_HEADER"
    en = '"{header}" stands in the columns {first} and {second} of sheet "{sheet}".'
    zh = "工作表“{sheet}”的 {first} 列与 {second} 列表头重复:“{header}”。"


class HeaderUnknown(BadHeader):
    code = "BAD_HEADER"
    en = (
        '"{header}" in {place} of sheet "{sheet}" is no header of the template; the '
        "nearest is {nearest}. Rename the column or remove it."
    )
    zh = (
        "工作表“{sheet}”{place} 的“{header}”不是模板表头,最接近的是 {nearest}。"
        "请改名或删除该列。"
    )


class HeaderNotText(BadHeader):
    code = "BAD_HEADER"
    en = 'The header in {place} of sheet "{sheet}" must be plain, unmerged text.'
    zh = "工作表“{sheet}”{place} 的表头必须是未合并的普通文本。"


class WrongSeparator(BadHeader):
    code = "BAD_HEADER"
    en = "The cells of a CSV file are separated by commas, these by {separator}."
    zh = "CSV 文件以英文逗号分隔,该文件使用了 {separator}。"


class NoDataRows(Invalid):
    en = (
        "No row stands below the headers. Fill the sheet of data; the example sheet of "
        "the template is not read."
    )
    zh = "表头下方没有数据行。请填写数据工作表;模板中的示例工作表不会被读取。"


class BadEncoding(Invalid):
    en = (
        "Line {line} is not UTF-8: {reason}. Save the file as “CSV UTF-8”, or send it "
        "as .xlsx."
    )
    zh = "第 {line} 行不是 UTF-8:{reason_zh}。请另存为“CSV UTF-8”,或改用 .xlsx。"


class MixedLineEnds(Invalid):
    code = "BAD_ENCODING"
    en = "Line {line} ends differently from the first; use CRLF or LF throughout."
    zh = "第 {line} 行的换行符与首行不同;请统一使用 CRLF 或 LF。"


class BadCsv(Invalid):
    en = "Line {line} breaks RFC 4180: {reason}."
    zh = "第 {line} 行不符合 RFC 4180:{reason_zh}。"


class UnevenRow(Invalid):
    en = (
        "The row that ends in line {line} has {count} cells, the header {expected}. "
        "Put texts that hold commas into double quotes."
    )
    zh = (
        "止于第 {line} 行的记录有 {count} 个单元格,表头有 {expected} 个。含逗号的文本"
        "请用双引号括起。"
    )
