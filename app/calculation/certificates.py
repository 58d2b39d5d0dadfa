"""Certificates for electricity: their form, double use, and what they cover. Pure.

A Chinese green electricity certificate (GEC) stands for 1 MWh and has 32 characters:
17 for the project, 15 for the electricity. What each of them means is not looked at:
length and alphabet are all that is checked, and no registry is asked.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from app.calculation.macros import Certificate, ElectricityTag
from app.calculation.shapes import Quantity
from app.calculation.terms import ParameterMissing
from app.kit.decimals import number_text, rounded
from app.kit.errors import Invalid
from app.units.algebra import convert
from app.units.catalogue import unit

GEC: Final = "GEC"
_NUMBERS: Final = {
    GEC: re.compile(r"[0-9A-Z]{32}", re.ASCII),
    "OTHER": re.compile(r"[!-~]{4,100}", re.ASCII),
}
_FORMS: Final = {
    GEC: ("32 digits and capital letters", "32 位数字或大写字母"),
    "OTHER": ("4 to 100 ASCII characters, no spaces", "4 至 100 位 ASCII 字符,无空格"),
}
_MWH: Final = unit("MWh")


class BadCertificate(Invalid):
    en = "{number} is no number of a certificate; {scheme} has {form_en}."
    zh = "{number} 不是有效的证书编号;{scheme} 应为{form_zh}。"


class CertificateEnergy(Invalid):
    en = "A certificate is used for more than 0 MWh, a GEC for at most 1 MWh."
    zh = "证书用量须大于 0 MWh,每张绿证至多 1 MWh。"


class CertificateUsedTwice(Invalid):
    en = "Certificate {number} is used at {first} already."
    zh = "证书 {number} 已用于 {first},不得重复使用。"


class CertificatesTooFew(Invalid):
    en = "The certificates are for {held} MWh and the electricity is {taken} MWh."
    zh = "证书电量合计 {held} MWh,而用电量为 {taken} MWh。"


def faults(tag: ElectricityTag) -> Iterator[Invalid]:
    """Yield what is wrong with the certificates of *tag*, with pointers into it."""
    for number, each in enumerate(tag.get("certificates", ())):
        scheme = scheme_of(each)
        if not _NUMBERS[scheme].fullmatch(each["number"]):
            english, chinese = _FORMS[scheme]
            yield BadCertificate(
                pointer=f"/certificates/{number}/number",
                number=each["number"],
                scheme=scheme,
                form_en=english,
                form_zh=chinese,
            )
    try:
        _check_cover(tag)
    except Invalid as error:
        yield error


def _check_cover(tag: ElectricityTag) -> None:
    """Refuse certificates for less than one run takes."""
    held, taken = held_by(tag), delivered(tag)
    if "certificates" in tag and held < abs(taken):
        raise CertificatesTooFew(
            pointer="/certificates",
            held=rounded(float(held)),
            taken=rounded(float(abs(taken))),
        )


def delivered(tag: ElectricityTag) -> Fraction:
    """Return the MWh that arrive by a line in one run."""
    if "delivered" not in tag:
        return Fraction(0)
    return energy(tag["delivered"], "/delivered")


def held_by(tag: ElectricityTag) -> Fraction:
    """Return the MWh that the certificates of *tag* are for."""
    parts = (
        _used(each, f"/certificates/{number}")
        for number, each in enumerate(tag.get("certificates", ()))
    )
    return sum(parts, Fraction(0))


def scheme_of(certificate: Certificate) -> str:
    """Return the scheme of *certificate*."""
    return certificate.get("scheme", GEC)


def energy(quantity: Quantity, pointer: str) -> Fraction:
    """Return *quantity*, which stands at *pointer*, in MWh."""
    amount = Fraction(number_text(quantity["amount"], f"{pointer}/amount"))
    stated = unit(quantity["unit"], f"{pointer}/unit")
    return convert(amount, stated, _MWH, f"{pointer}/unit")


def _used(certificate: Certificate, pointer: str) -> Fraction:
    scheme = scheme_of(certificate)
    if "energy" in certificate:
        used = energy(certificate["energy"], f"{pointer}/energy")
        if used <= 0 or (scheme == GEC and used > 1):
            raise CertificateEnergy(pointer=f"{pointer}/energy/amount")
        return used
    if scheme == GEC:
        return Fraction(1)
    raise ParameterMissing(
        pointer=f"{pointer}/energy", method=scheme, name="energy", term="MWh"
    )
