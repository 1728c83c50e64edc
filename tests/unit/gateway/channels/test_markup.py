from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.markup import read_markup, text_of


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain & simple", "plain & simple"),
        ("<p>one</p><p>two<br/>three</p>", "one\n\ntwo\nthree"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("a&nbsp;b &lt;c&gt; &#128512;", "a b <c> 😀"),
        ("I <3 you > me", "I <3 you > me"),
        ("<script>alert('<p>x</p>')</script>y", "y"),
        ("<style>p{}</style><svg><title>t</title></svg>y", "y"),
        ("x<!-- <p>no</p> -->y", "xy"),
        ('<a title="a > b" href="x">link</a>', "link"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("cut <a hre", "cut <a hre"),
        ("<pre>x\n  y</pre>", "x\ny"),
        ("line\nbreaks are\n spaces", "line breaks are spaces"),
    ],
)
def test_markup_is_read_as_text(markup: str, text: str) -> None:
    assert text_of(markup) == text


def test_what_is_hidden_ends_where_it_ends() -> None:
    assert text_of("<svg/>a<script src=x /></script>b") == "ab"


@pytest.mark.parametrize("piece", ["<!--", "<a ", "<", "<a b='", "</", "<p>", "<a\t=", "&#"])
def test_what_never_closes_takes_no_time(piece: str) -> None:
    read_markup(piece * (500_000 // len(piece)))


@given(st.text(alphabet="<>/=\"'!-ap &;#x", max_size=60) | st.text(max_size=60))
def test_any_text_is_read(markup: str) -> None:
    assert isinstance(read_markup(markup, quotes_apart=True).text, str)
