"""Readers of a stream are counted where we may look, and a third is refused in one line."""

import pytest

from connectors.errors import OperationRefusedError
from connectors.stream_readers import readers_of, refuse_third_reader
from tests.scripted_aws.dynamodb_streams import ScriptedMappings
from tests.scripted_aws.faults import aws_error

ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"


def mapping(state: str | None, function: str = "f") -> dict[str, str]:
    arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{function}"
    told = {"EventSourceArn": ARN, "UUID": function, "FunctionArn": arn}
    return told | ({"State": state} if state else {})


@pytest.mark.parametrize(
    ("state", "counted"),
    [
        ("Enabled", True),
        ("Enabling", True),
        ("Creating", True),
        ("Updating", True),
        (None, True),
        ("Disabled", False),
        ("Disabling", False),
        ("Deleting", False),
    ],
)
def test_a_mapping_is_a_reader_unless_it_rests(state: str | None, counted: bool) -> None:
    found = readers_of(ARN, ScriptedMappings([mapping(state, "orders:live")]))
    assert found == (("Lambda orders:live",) if counted else ())


def test_mappings_are_counted_over_all_pages_and_lease_tables_too() -> None:
    mappings = ScriptedMappings([mapping("Enabled", "a"), mapping("Enabled", "b")])
    assert readers_of(ARN, mappings, ["billing"]) == (
        "Lambda a",
        "Lambda b",
        "KCL application billing",
    )


def test_without_the_right_to_look_only_what_was_named_is_known() -> None:
    denied = ScriptedMappings(error=aws_error("AccessDeniedException"))
    assert readers_of(ARN, denied, ["billing"]) == ("KCL application billing",)


def test_a_third_reader_is_refused_and_told_who_reads() -> None:
    refuse_third_reader(ARN, ["Lambda a"])
    with pytest.raises(OperationRefusedError) as caught:
        refuse_third_reader(ARN, ["Lambda a", "Lambda b"])
    assert "2 readers read it already (Lambda a, Lambda b)" in str(caught.value)
    assert "\n" not in str(caught.value)
