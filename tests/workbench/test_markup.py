"""Nothing that was captured gets into a page as anything but text."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench.markup import Markup, el, joined, table, visible

HOSTILE = '"></td><script>alert(1)</script><img src=x onerror="alert(1)">'


class Read(HTMLParser):
    """Tags and text as a browser would read them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: str) -> Read:
    parser = Read()
    parser.feed(markup)
    parser.close()
    return parser


@given(st.text())
@example(HOSTILE)
def test_any_text_stays_text(text: str) -> None:
    page = read(el("p", text, title=text))

    assert page.tags == ["p"]
    assert page.text == visible(text)
    assert page.attributes == [("title", visible(text))]


@given(st.text())
def test_visible_text_has_no_character_that_hides_or_moves_others(text: str) -> None:
    assert all(each.isprintable() or each in "\n\t" for each in visible(text))


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"])))
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (None, "-"),
        (b"\xff\x00", "\\xff\\x00"),
        ("a\u202eb\u200b", "a\\u202eb\\u200b"),
        ("\ud800", "\\ud800"),
        (["a", 1], "a, 1"),
        ("\x1b[31m", "\\x1b[31m"),
    ],
)
def test_what_cannot_be_seen_is_written_out(value: object, seen: str) -> None:
    assert visible(value) == seen


def test_elements_nest_and_strings_beside_them_do_not_become_elements() -> None:
    assert joined(el("b", "x"), "<b>") == "<b>x</b>&lt;b&gt;"
    assert not isinstance(el("b") + "<b>", Markup)


def test_a_table_of_hostile_cells_has_only_its_own_elements() -> None:
    page = read(table([HOSTILE], [[HOSTILE], [7]], caption=HOSTILE))

    assert set(page.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert page.text.count("<script>") == 3
