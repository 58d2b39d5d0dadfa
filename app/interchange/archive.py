"""The zip archive of a workbook, judged before anything in it is inflated.

Members lie from the first byte to the directory without gap or overlap, which leaves no
place for prefixes, hidden members and second directories. What is inflated is counted.
"""

import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import BinaryIO, Final

from app.interchange.refusals import ArchiveBomb, BadArchive, BadFile

MEMBERS: Final = 500
INFLATED: Final = 128 * 2**20
RATIO: Final = 200
# Small members of much white space may pack better than RATIO.
_RATIO_FROM: Final = 2**20
_DIRECTORY: Final = 256 * 2**10
_CHUNK: Final = 64 * 2**10
_END: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4sBB5H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
# A descriptor follows data whose size was not known before: 12 or 16 bytes.
_DESCRIPTORS: Final = frozenset({12, 16})
_DESCRIBED: Final = 0x8
_ENCRYPTED: Final = 0x41
_UTF8: Final = 0x800
_STORED: Final = 0
_DEFLATED: Final = 8
_UNIX: Final = 3
_OLE: Final = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the directory describes it; `start` is where its data begins."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    offset: int
    start: int = 0


class Archive:
    """A sound archive; refuses in its constructor what is not."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        directory, at, count = _directory(file)
        members = _members(directory, count)
        _check_sizes(members)
        self.members: Mapping[str, Member] = MappingProxyType(
            {each.name.lower(): each for each in _placed(file, members, at)}
        )

    def chunks(self, name: str) -> Iterator[bytes]:
        """Inflate the member *name* bit by bit; `BadArchive` if it is another."""
        member = self.members[name.lower()]
        size = crc = 0
        for chunk in self._inflated(member):
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
            if size > member.size:
                break
            yield chunk
        if (size, crc) != (member.size, member.crc):
            raise _unsound(f"{member.name} is damaged", f"{member.name} 已损坏")

    def _packed(self, member: Member) -> Iterator[bytes]:
        at, end = member.start, member.start + member.packed
        while at < end:
            # Several members may be read in turn.
            self._file.seek(at)
            chunk = self._file.read(min(_CHUNK, end - at))
            at += len(chunk) or end
            yield chunk

    def _inflated(self, member: Member) -> Iterator[bytes]:
        if member.method == _STORED:
            yield from self._packed(member)
            return
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for packed in self._packed(member):
                rest = packed
                while rest:
                    yield inflater.decompress(rest, _CHUNK)
                    rest = inflater.unconsumed_tail
            while chunk := inflater.decompress(b"", _CHUNK):
                yield chunk
        except zlib.error as error:
            raise _unsound(
                f"{member.name} is damaged", f"{member.name} 已损坏"
            ) from error
        if not inflater.eof or inflater.unused_data:
            raise _unsound(f"{member.name} is damaged", f"{member.name} 已损坏")


def _unsound(reason: str, reason_zh: str) -> BadArchive:
    return BadArchive(reason=reason, reason_zh=reason_zh)


def _directory(file: BinaryIO) -> tuple[bytes, int, int]:
    """Return the bytes of the directory, where they begin, and how many it lists."""
    end = file.seek(0, 2) - _END.size
    file.seek(0)
    _check_kind(file.read(4))
    if end < 0:
        raise _unsound("it is cut off", "文件不完整")
    file.seek(end)
    mark, disk, first, here, count, size, at, comment = _END.unpack(file.read())
    if mark != b"PK\5\6" or comment:
        raise _unsound(
            "its last bytes are not the end of its directory",
            "文件末尾不是目录结束标记",
        )
    if disk or first or here != count or at + size != end:
        raise _unsound("its directory is not where it should be", "目录位置不正确")
    if count > MEMBERS or size > _DIRECTORY:
        raise ArchiveBomb(
            reason=f"more than {MEMBERS} members", reason_zh=f"成员超过 {MEMBERS} 个"
        )
    file.seek(at)
    return file.read(size), at, count


def _check_kind(head: bytes) -> None:
    if head.startswith(b"PK"):
        return
    if not head:
        raise BadFile(reason="it is empty", reason_zh="文件为空")
    if head == _OLE:
        raise BadFile(
            reason="it is protected by a password, or an old .xls",
            reason_zh="文件受密码保护,或为旧版 .xls",
        )
    raise BadFile(reason="it does not begin as one", reason_zh="文件开头不符")


def _members(directory: bytes, count: int) -> list[Member]:
    members: list[Member] = []
    at = 0
    for _ in range(count):
        member, at = _member(directory, at)
        members.append(member)
    if at != len(directory):
        raise _unsound("its directory miscounts", "目录条目数不符")
    names = {each.name.lower() for each in members}
    if len(names) != count:
        raise _unsound("two members have one name", "成员重名")
    return members


def _member(directory: bytes, at: int) -> tuple[Member, int]:
    end = at + _CENTRAL.size
    if directory[at : at + 4] != b"PK\1\2" or end > len(directory):
        raise _unsound("its directory is damaged", "目录已损坏")
    fields = _CENTRAL.unpack(directory[at:end])
    _, _, system, _, flags, method, _, _, crc = fields[:9]
    packed, size, name_size, extra, comment, disk, _, attributes, offset = fields[9:]
    name = _name(directory[end : end + name_size], flags)
    if flags & _ENCRYPTED:
        raise _unsound(f"{name} is encrypted", f"{name} 已加密")
    if method not in (_STORED, _DEFLATED) or disk:
        raise _unsound(f"{name} is packed in an unusual way", f"{name} 压缩方式不支持")
    kind = stat.S_IFMT(attributes >> 16) if system == _UNIX else 0
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _unsound(f"{name} is a link or a device", f"{name} 是链接或设备")
    member = Member(name, method, flags, crc, packed, size, offset)
    return member, end + name_size + extra + comment


def _name(data: bytes, flags: int) -> str:
    try:
        name = data.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError as error:
        raise _unsound("a name is not readable", "成员名无法识别") from error
    steps = name.split("/")
    if not name or not name.isprintable() or "\\" in name or ".." in steps:
        raise _unsound("a name leads elsewhere", "成员名含有越界路径")
    if steps[0] == "" or ":" in name:
        raise _unsound("a name leads elsewhere", "成员名含有越界路径")
    return name


def _check_sizes(members: list[Member]) -> None:
    if sum(each.size for each in members) > INFLATED:
        limit = f"{INFLATED // 2**20} MiB"
        raise ArchiveBomb(reason=f"more than {limit}", reason_zh=f"超过 {limit}")
    for each in members:
        if each.size > max(_RATIO_FROM, each.packed * RATIO):
            raise ArchiveBomb(
                reason=f"{each.name} is packed more than {RATIO} times",
                reason_zh=f"{each.name} 压缩比超过 {RATIO} 倍",
            )


def _placed(file: BinaryIO, members: list[Member], end: int) -> Iterator[Member]:
    """Yield *members* with their starts, after checking that they fill the file."""
    at = 0
    gaps = frozenset({0})
    for each in sorted(members, key=lambda member: member.offset):
        _check_gap(each.offset - at, gaps)
        start = _start(file, each)
        at = start + each.packed
        gaps = _DESCRIPTORS if each.flags & _DESCRIBED else frozenset({0})
        yield replace(each, start=start)
    _check_gap(end - at, gaps)


def _check_gap(gap: int, allowed: frozenset[int]) -> None:
    if gap not in allowed:
        raise _unsound("its members overlap or leave gaps", "成员重叠或存在空隙")


def _start(file: BinaryIO, member: Member) -> int:
    """Return where the data of *member* begins; its two headers must agree."""
    file.seek(member.offset)
    data = file.read(_LOCAL.size)
    if len(data) < _LOCAL.size or not data.startswith(b"PK\3\4"):
        raise _unsound("a member is missing", "缺少成员")
    fields = _LOCAL.unpack(data)
    _, _, flags, method, _, _, crc, packed, size = fields[:9]
    name_size, extra = int(fields[9]), int(fields[10])
    name = file.read(name_size)
    stated = (crc, packed, size)
    expected = (member.crc, member.packed, member.size)
    if member.flags & _DESCRIBED and not any(stated):
        stated = expected
    same = (flags, method, stated) == (member.flags, member.method, expected)
    if not same or _name(name, flags) != member.name:
        raise _unsound(
            f"{member.name} is described in two ways", f"{member.name} 的两处描述不一致"
        )
    return member.offset + _LOCAL.size + name_size + extra
