"""Places in an event by name."""

from workbench.replay.events.paths import at, leaves


def test_names_that_are_no_identifiers_are_quoted() -> None:
    assert at("$", "x-amz-id-2") == "$['x-amz-id-2']"
    assert at("$", "it's \\") == "$['it\\'s \\\\']"
    assert at("", "body") == "body"


def test_what_is_empty_is_a_leaf_too() -> None:
    event = {"a": {"b": [1, None, {"c": ""}]}, "d": [], "e": {}}
    assert list(leaves(event, "$")) == [
        ("$.a.b[0]", 1),
        ("$.a.b[1]", None),
        ("$.a.b[2].c", ""),
        ("$.d", []),
        ("$.e", {}),
    ]
