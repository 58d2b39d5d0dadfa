"""The names of the template's sheets."""

from typing import Final

DATA: Final = "数据 data"
EXAMPLE: Final = "示例 example"
VOCABULARY: Final = "词表 vocabulary"
HELP: Final = "说明 help"
COMPANIONS: Final = frozenset({EXAMPLE, VOCABULARY, HELP})
