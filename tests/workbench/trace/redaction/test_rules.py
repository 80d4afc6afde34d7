"""A profile made ready."""

from workbench.trace.redaction.actions import Action
from workbench.trace.redaction.keys import Key
from workbench.trace.redaction.profile import Profile
from workbench.trace.redaction.rules import Rules

KEY = Key(bytes(32))


def test_a_value_that_a_rule_matches_has_the_token_that_a_detector_would_give_it() -> None:
    rules = Rules(Profile("detect"), KEY)

    assert rules.stands_for("Bob@Example.com", Action.TOKEN) == KEY.token(
        "email", "bob@example.com"
    )
    assert rules.stands_for("mail Bob@Example.com", Action.TOKEN) == KEY.token(
        "value", "mail Bob@Example.com"
    )


def test_only_a_profile_with_rules_of_its_own_takes_every_document_apart() -> None:
    assert not Rules(Profile("detect"), KEY).has_own
    assert Rules(Profile("x", only=("$.a",)), KEY).has_own
    assert Rules(Profile("x", paths={"$.a": Action.DROP}), KEY).has_own
    assert Rules(Profile("x", names={"a": Action.DROP}), KEY).has_own


def test_text_is_searched_for_the_names_that_paths_end_in() -> None:
    rules = Rules(Profile("x", paths={"$.customer.nick": Action.DROP}), KEY)

    assert rules.names_in_text.action("nick") is Action.DROP
    assert rules.names.action("nick") is None
