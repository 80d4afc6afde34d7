"""Every public object says what it is: in one line, in a short table, and never as part of the page."""

import inspect
import re
import typing
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

import workbench as wb
from tests.browser.hostile import PAYLOADS
from tests.workbench.public_objects import html_of, poisoned, public_objects
from workbench.summary import LONGEST, MOST_FACTS, Summary, summary

PLAIN = {"Any", "bool", "DataFrame", "dict", "list", "NoneType", "Path", "PosixPath"}
"""What is not ours shows itself."""


class Tags(HTMLParser):
    """The elements and attributes of a piece of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    return list(public_objects(tmp_path_factory.mktemp("objects")))


def returned() -> Iterator[type]:
    """The classes that public functions return, and the public classes themselves."""
    for room in (wb, wb.tune):
        for name in room.__all__:
            public = getattr(room, name)
            if inspect.isclass(public):
                yield public
            elif callable(public) and not inspect.ismodule(public):
                told = typing.get_type_hints(inspect.unwrap(public)).get("return")
                if inspect.isclass(told):
                    yield told


def test_everything_that_a_public_function_returns_is_here(objects: list[Any]) -> None:
    wanted = {each.__name__ for each in returned()} - PLAIN

    assert wanted - {type(each).__name__ for each in objects} <= WIDGETS


WIDGETS = {each.__name__ for each in returned() if hasattr(each, "comm")}
"""Live views, which have tests of their own."""


def test_every_one_is_printed_in_one_line(objects: list[Any]) -> None:
    for each in objects:
        if type(each).__name__ != "Answer":  # a frame, which has lines
            assert "\n" not in repr(each), type(each)
            assert len(repr(each)) < 1_500, type(each)


def test_every_one_is_a_short_table_in_the_colours_of_the_page(objects: list[Any]) -> None:
    for each in objects:
        if isinstance(each, Summary):
            page = Tags(html_of(each))
            assert set(page.tags) <= {"div", "p", "table", "caption", "tbody", "tr", "th", "td"}
            assert 1 <= page.tags.count("tr") <= MOST_FACTS, type(each)
            assert page.attributes <= {"class", "scope", "style"}


@pytest.mark.parametrize("payload", PAYLOADS[::20])
def test_hostile_contents_are_text(objects: list[Any], payload: str) -> None:
    for each in objects:
        twin = poisoned(each, payload)
        if twin is each or not isinstance(each, Summary):
            continue
        clean, page = Tags(html_of(each)), Tags(html_of(twin))
        assert set(page.tags) <= {*clean.tags, "p"}, type(each)
        assert page.attributes <= clean.attributes, type(each)
        assert not re.search(r"[\x00-\x08\x0e-\x1f\u202a-\u202e\u2066-\u2069]", html_of(twin))
        assert "\n" not in repr(twin)


def test_a_long_fact_is_cut_and_many_facts_are_left_out() -> None:
    page = Tags(summary("T", {str(n): "x" * 1_000 for n in range(30)}))

    assert page.tags.count("tr") == MOST_FACTS
    assert "x" * LONGEST not in page.text
    assert page.text.count("…") == MOST_FACTS


def test_dollars_in_a_payload_are_no_formula() -> None:
    assert 'class="mathjax_ignore"' in summary("T", {"price": "$5 and $6"})


def test_an_object_without_words_of_its_own_tells_its_fields() -> None:
    assert "batch size" in html_of(wb.EventSourceMapping(batch_size=7))
    assert "filters" not in html_of(wb.EventSourceMapping(batch_size=7))


def test_values_are_written_for_people() -> None:
    told = Tags(summary("T", {"a": 12_345, "b": True, "c": None, "d": [], "e": {"x": 0.25}})).text

    assert told == "Ta12,345byesc-dnoneex 0.25"
