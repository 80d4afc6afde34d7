"""Reading templates: CloudFormation's YAML and JSON mean the same, and a hostile one is one line."""

import json

import pytest

from workbench.errors import UsageError
from workbench.replay.functions.template_document import read_template

YAML = """
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Charge:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt ChargeRole.Arn
      Nested: !GetAtt Inner.Outputs.Name
      Timeout: !Ref Limit
      Name: !Sub
        - ${Stack}-charge
        - {Stack: !Ref AWS::StackName}
      Choice: !If [IsProd, !Ref AWS::NoValue, !FindInMap [Sizes, !Ref Stage, Memory]]
      on: yes
      012345678901: account
"""
LONG = {
    "Role": {"Fn::GetAtt": ["ChargeRole", "Arn"]},
    "Nested": {"Fn::GetAtt": ["Inner", "Outputs.Name"]},
    "Timeout": {"Ref": "Limit"},
    "Name": {"Fn::Sub": ["${Stack}-charge", {"Stack": {"Ref": "AWS::StackName"}}]},
    "Choice": {
        "Fn::If": [
            "IsProd",
            {"Ref": "AWS::NoValue"},
            {"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Memory"]},
        ]
    },
    "on": True,
    "012345678901": "account",
}


def read(folder, text):
    (folder / "template.yaml").write_text(text)
    return read_template(folder / "template.yaml")


def test_tags_are_their_long_forms_dates_and_keys_are_text(tmp_path):
    found = read(tmp_path, YAML)
    assert found["Resources"]["Charge"]["Properties"] == LONG
    assert found["AWSTemplateFormatVersion"] == "2010-09-09"


def test_json_is_read_as_it_is(tmp_path):
    document = {"Resources": {"Charge": {"Properties": LONG}}}
    assert read(tmp_path, json.dumps(document, indent=1)) == document


def test_anchors_and_merges_of_a_template_are_followed(tmp_path):
    found = read(tmp_path, "X: &x {A: 1}\nResources: {R: {<<: *x, B: 2}, S: *x}")
    assert found["Resources"] == {"R": {"A": 1, "B": 2}, "S": {"A": 1}}


def bomb(item: str) -> str:
    lines = ["a: &a {k: [1, 2, 3, 4, 5, 6, 7, 8, 9]}"]
    for one, other in zip("abcdefghij", "bcdefghijk", strict=True):
        lines.append(f"{other}: &{other} {item.format(', '.join([f'*{one}'] * 9))}")
    return "\n".join([*lines, "Resources: {}"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (bomb("[{}]"), "aliases are followed"),
        (bomb("{{<<: [{}]}}"), "aliases are followed"),
        ("Resources: &r {a: *r}", "aliases are followed"),
        ("Resources: " + "[" * 50_000, "depth"),
        ("Resources:\n" + "- " * 50_000, "depth"),
        ('{"Resources": ' + "[" * 200_000, "too deeply"),
        ("Resources: !!python/object/apply:os.system [id]", "constructor"),
        ("Resources: {A: " + "1" * 5_000 + "}", "digits"),
        ("Resources: {? [a] : b}", "unhashable"),
        ("Resources: [1]", "no Resources"),
        ("just text", "no Resources"),
        ("", "no Resources"),
        ('{"Resources": ', "Expecting value"),
        ("Resources: {\x01}", "control characters"),
        ("#" * 1_048_577, "1048576 bytes"),
    ],
)
def test_what_is_no_template_or_a_hostile_one_is_one_line(tmp_path, text, found):
    with pytest.raises(UsageError, match=found) as raised:
        read(tmp_path, text)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read_template(tmp_path / "no.yaml")
