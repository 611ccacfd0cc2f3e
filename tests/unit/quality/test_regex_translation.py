"""Python patterns said for DuckDB: the same text matches, or there is no translation."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.quality.regex import to_re2

TRANSLATED = [
    *(
        "^a$",
        "a$",
        "$",
        r"\S",
        r"\s",
        r"^\s*$",
        r"^\s+\Z",
        r"\Aa\Z",
        "^.$",
        "a.b",
        "(a|b)+?c",
        "^(?:a|ab){2,3}$",
    ),
    *(
        r"^[^@\s]+@[^@\s]+\Z",
        r"@[^@\s.]+(?:\.[^@\s.]+)+\Z",
        r"[]a]",
        r"[^]a]",
        r"[\]\-\\]",
        r"[a\s-]",
        r"\.\*",
    ),
    *(
        "^00Q[0-9A-Za-z]{12}[A-Z0-5]{3}\\Z",
        "é+",
        "[à-ÿ]",
        "😀",
        r"\n\Z",
        r"[\t\n\r]",
        r"[\x00-\x1f]",
        r"\x41",
        "'",
        "a|^b",
        "a{2,}",
        "",
    ),
]

NOT_TRANSLATED = [
    *(
        r"\d",
        r"\w+",
        r"\bA",
        r"(?i)a",
        r"(?=a)",
        r"(?P<n>a)",
        r"(a)\1",
        r"[\w]",
        r"[\S]",
        r"a$|b",
        r"(a$)",
        "a{,2}",
    ),
    *(r"a++", r"a{x", "(", "[a", "\0", "[\0]", r"a$b", r"\Za", "a^b", r"b\A", "(?:^a)(?:^b)", r"(?:a\Z)b"),
]

TEXTS = [
    *(
        "",
        "a",
        "a\n",
        "\na",
        "a\nb",
        "ab",
        "aab",
        "abc",
        "acb",
        "a.b",
        ".*",
        "x@y.de",
        "x@y.de\n",
        "x@y",
        "é",
        "ee\u0301",
    ),
    *(
        "😀",
        "]",
        "-",
        "\\",
        "'",
        "b",
        "00Q000000000001AAA",
        "00Q000000000001AAA\n",
        "ÿ",
        "\x85",
        "\x1c",
        "\x0b",
    ),
    *("\u3000", "\u00a0a", "\u200b", "\r\n", " \t", "a-", "aaa"),
]


def search(pattern: str, texts: list[str]) -> list[bool]:
    with duckdb.connect() as database:
        found = database.execute("SELECT regexp_matches(unnest(?::VARCHAR[]), ?)", [texts, pattern])
        return [row[0] for row in found.fetchall()]


@pytest.mark.parametrize("pattern", TRANSLATED)
def test_matches_the_same_texts(pattern: str) -> None:
    translated = to_re2(pattern)
    assert translated is not None
    assert search(translated, TEXTS) == [re.search(pattern, text) is not None for text in TEXTS]


@pytest.mark.parametrize("pattern", NOT_TRANSLATED)
def test_leaves_alone_what_may_differ(pattern: str) -> None:
    assert to_re2(pattern) is None


def test_white_space_is_pythons() -> None:
    signs = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code <= 0xDFFF]
    translated = to_re2(r"\s")
    assert translated is not None
    found = {sign for sign, matched in zip(signs, search(translated, signs), strict=True) if matched}
    assert found == {sign for sign in signs if re.match(r"\s", sign)}


pieces = st.sampled_from(
    [
        "a",
        "b",
        "ab",
        "%",
        "_",
        "(?:^a)",
        r"(?:b\Z)",
        ".",
        r"\.",
        r"\s",
        r"\S",
        "[ab]",
        r"[^a\s]",
        "[^b-z]",
        "(?:a|b)",
        "(b)",
        "|",
        r"\Z",
        "^",
        "é",
        r"\n",
    ]
)
quantifiers = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?"])


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(st.tuples(pieces, quantifiers), max_size=6),
    end=st.sampled_from(["", "$"]),
    texts=st.lists(st.text("abz.é%_ \n\u00a0\u2028\x85", max_size=6), min_size=1, max_size=12),
)
def test_random_patterns_match_the_same_texts(
    parts: list[tuple[str, str]], end: str, texts: list[str]
) -> None:
    pattern = "".join(piece + ("" if piece in ("|", "^", r"\Z") else many) for piece, many in parts) + end
    translated = to_re2(pattern)
    if translated is not None:
        assert search(translated, texts) == [re.search(pattern, text) is not None for text in texts]
