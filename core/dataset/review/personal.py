"""Mail addresses, phone numbers, card numbers and bank accounts of people; an organisation's own are left in peace."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from core.dataset.example import Example
from core.dataset.review.marks import Mark, texts
from core.dataset.review.rules import PERSONAL
from core.dataset.review.whole import Whole

_MAIL = re.compile(r"(?<![\w.%+/:-])[A-Za-z0-9][\w.%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w@-])")
_NOT_REAL = re.compile(
    r"@(?:.*\.)?(?:example\d*|sample|test|invalid|localhost|domain|email|company|yourdomain)(?:\.\w+)?$", re.I
)
_NOBODY = re.compile(
    r"(?:info|support|help|helpdesk|contact|kontakt|sales|office|no-?reply|service|hello|hallo|admin|team|mail|orders?|"
    r"billing|webmaster|postmaster|abuse|press|presse|jobs|careers|privacy|security|feedback|enquiries|marketing|"
    r"accounts?|git|user(?:name)?|alerts?|notifications?|news(?:letter)?|members|[\w.]+-(?:users|team|announce|devel|list)|name|you|your\.?name|firstname\.lastname|first\.last|someone|somebody|test|"
    r"example|sample|(?:john|jane|joe)[._]?doe|(?:max|erika)\.?mustermann|foo|bar|abc|xyz)\d*@",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\w.,/+-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|3[47]\d{2}([ -]?)\d{6}\2\d{5})(?![\w/-]|[.,]\d)")
_CARD_MAKER = re.compile(r"4|5[1-5]|2[2-7]|3[47]|6(?:011|5|4[4-9])|35")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
# Lengths by country, from the SWIFT IBAN registry.
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18,
    "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26,
    "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25,
    "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29,
}  # fmt: skip
_RUN = re.compile(r"(?<![\w.,/])(?:\+|\(|(?=\d))\d[\d ()./-]{5,}\d(?![\d/]|[.,]\d)")
_CALL = re.compile(
    r"(?<!\w)(?:tel(?:e(?:f[oó]n\w*|phone|fax))?|phone|mobile|mobil\w*|cell|call|ring|fax|handy|ruf\w*|anruf\w*|portable|"
    r"t[ée]l[ée]phone|appele\w*|móvil|llam\w+|cellulare|chiam\w+|celular|ligue|bel(?:len)?|telefoon\w*|whatsapp|sms)(?!\w)",
    re.IGNORECASE,
)
# Within a country: from zero or an area in brackets, or in the groups of countries that have neither.
_FORM = re.compile(r"0|\(\d|\d{3}[-. ]\d{3}[-. ]\d{4}$|[679]\d{2} (?:\d{3} \d{3}|\d{2} \d{2} \d{2})$")
_BEFORE = 40  # characters in which a text speaks of calling
_FEWEST_DIGITS = 9
_TRIES = 500  # at numbers in a text
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "BR", "PL")
# Kept for films and books in North America; and what is typed when no number comes to mind.
_FICTION = re.compile(r"555\D?01\d\d|123\D{0,2}456")
_OWN = 0.02  # of the examples hold it: then it is the organisation's own
_FEWEST_OWN = 5


def look(example: Example) -> Iterator[Mark]:
    """Mark all of each field; the key is the value's."""
    for field, text in texts(example):
        if "@" in text:
            for found in _MAIL.finditer(text):
                if not _NOT_REAL.search(found[0]) and not _NOBODY.match(found[0]):
                    yield _mark("A mail address.", field, text, *found.span())
        if _RUN.search(text) or _IBAN.search(text):
            yield from _numbers(field, text)


def stands(whole: Whole, marks: Iterable[tuple[int, Mark]]) -> Iterator[tuple[int, Mark]]:
    """Those that are in few examples; the address in the signature of every letter is the organisation's."""
    marks = list(marks)
    holders: dict[str, set[int]] = {}
    for place, mark in marks:
        holders.setdefault(mark.key, set()).add(place)
    most = max(_FEWEST_OWN, _OWN * len(whole))
    return ((place, mark) for place, mark in marks if len(holders[mark.key]) <= most)


def is_card(text: str) -> bool:
    """Whether the last digit is right (Luhn, ISO/IEC 7812-1) and a maker of cards uses such numbers."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    if len(set(digits)) < 3 or not _CARD_MAKER.match("".join(map(str, digits))):
        return False
    doubled = [digit if at % 2 == 0 else sum(divmod(2 * digit, 10)) for at, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the length is the country's and the check digits are right (ISO 13616, mod 97)."""
    bare = text.replace(" ", "")
    if _IBAN_LENGTHS.get(bare[:2]) != len(bare):
        return False
    return int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _numbers(field: str, text: str) -> Iterator[Mark]:
    taken: list[tuple[int, int]] = []
    for found in _IBAN.finditer(text):
        # What follows the number may look like more of it.
        whole = found[0]
        length = next((n for n in range(len(whole), 14, -1) if whole[n - 1] != " " and is_iban(whole[:n])), 0)
        if length:
            taken.append((found.start(), found.start() + length))
            yield _mark("A bank account (IBAN).", field, text, *taken[-1])
    for found in _CARD.finditer(text):
        if is_card(found[0]) and not _within(found.span(), taken):
            taken.append(found.span())
            yield _mark("The number of a credit card.", field, text, *found.span())
    for start, end in _phones(text):
        if not _within((start, end), taken) and not _FICTION.search(text[start:end]):
            yield _mark("A phone number.", field, text, start, end)


def _phones(text: str) -> Iterator[tuple[int, int]]:
    """Numbers with a country's code, and others where the text speaks of calling."""
    import phonenumbers

    if "+" in text:
        valid = phonenumbers.Leniency.VALID
        yield from ((hit.start, hit.end) for hit in phonenumbers.PhoneNumberMatcher(text, None, valid, _TRIES))
    for run in _RUN.finditer(text):
        digits = sum(map(str.isdigit, run[0]))
        if run[0][0] == "+" or digits < _FEWEST_DIGITS or not _FORM.match(run[0]):
            continue
        if _CALL.search(text, max(0, run.start() - _BEFORE), run.start()) and _is_number(run[0]):
            yield run.span()


def _is_number(text: str) -> bool:
    """Whether it is a valid number within one of the countries that are tried."""
    import phonenumbers

    for region in _REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _within(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in taken)


def _mark(message: str, field: str, text: str, start: int, end: int) -> Mark:
    value = re.sub(r"[\s()./-]", "", text[start:end]).casefold()
    return Mark(PERSONAL, message, field, start, end, hashlib.blake2b(value.encode(), digest_size=6).hexdigest())
