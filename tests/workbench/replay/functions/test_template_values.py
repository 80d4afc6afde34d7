"""Intrinsic functions: what they give, and that nothing is said where nobody can know."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.replay.functions.template_values import (
    NO_VALUE,
    UNRESOLVED,
    Values,
    named_in,
    pointed_at,
)

ARN = "arn:aws:sqs:eu-west-1:111111111111:orders"
DOCUMENT = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "dev"},
        "Size": {"Type": "Number", "Default": 256},
        "Secret": {"Type": "String", "NoEcho": True},
        "Subnets": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/key"},
    },
    "Mappings": {"Sizes": {"dev": {"Memory": 128}, "prod": {"Memory": 1024}}},
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Hidden": {"Fn::Equals": [{"Ref": "Secret"}, "x"]},
        "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
    },
    "Resources": {
        "Orders": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": {"Fn::Sub": "${Stage}-orders"}},
        },
        "Table": {"Type": "AWS::DynamoDB::Table"},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}},
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "clicks"}},
        "A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": ["B", "QueueName"]}}},
        "B": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": ["A", "QueueName"]}}},
        "OnlyProd": {"Type": "AWS::SQS::Queue", "Condition": "IsProd"},
        "Maybe": {"Type": "AWS::SQS::Queue", "Condition": "Hidden"},
    },
}  # fmt: skip


def values(document=DOCUMENT, **parameters):
    return Values(document, parameters, ARN)


def ref(name):
    return {"Ref": name}


@pytest.mark.parametrize(
    ("node", "value"),
    [
        (ref("Stage"), "dev"),
        (ref("Size"), "256"),
        (ref("Subnets"), ["a", "b", "c"]),
        (ref("AWS::Region"), "eu-west-1"),
        (ref("AWS::AccountId"), "111111111111"),
        (ref("AWS::Partition"), "aws"),
        (ref("AWS::URLSuffix"), "amazonaws.com"),
        (ref("AWS::NoValue"), NO_VALUE),
        (ref("Orders"), "https://sqs.eu-west-1.amazonaws.com/111111111111/dev-orders"),
        (ref("Topic"), "arn:aws:sns:eu-west-1:111111111111:news"),
        (ref("Stream"), "clicks"),
        ({"Fn::GetAtt": ["Orders", "Arn"]}, "arn:aws:sqs:eu-west-1:111111111111:dev-orders"),
        ({"Fn::GetAtt": "Orders.QueueName"}, "dev-orders"),
        ({"Fn::GetAtt": ["Topic", "TopicArn"]}, "arn:aws:sns:eu-west-1:111111111111:news"),
        (
            {"Fn::GetAtt": ["Stream", "Arn"]},
            "arn:aws:kinesis:eu-west-1:111111111111:stream/clicks",
        ),
        ({"Fn::Sub": "${Stage}/${!Stage}/${ Orders.QueueName }"}, "dev/${Stage}/dev-orders"),
        ({"Fn::Sub": ["${x}${Stage}", {"x": {"Ref": "Size"}}]}, "256dev"),
        ({"Fn::Sub": '{"a": {"b": "$5 $ {"}}'}, '{"a": {"b": "$5 $ {"}}'),
        ({"Fn::Join": ["-", ["a", ref("Stage"), 1, True, ref("AWS::NoValue")]]}, "a-dev-1-true"),
        ({"Fn::Join": ["+", ref("Subnets")]}, "a+b+c"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "x,y"]}]}, "y"),
        ({"Fn::FindInMap": ["Sizes", ref("Stage"), "Memory"]}, 128),
        ({"Fn::FindInMap": ["Sizes", "test", "Memory", {"DefaultValue": 1}]}, 1),
        ({"Fn::Base64": "shop"}, "c2hvcA=="),
        ({"Fn::If": ["IsProd", 1, 2]}, 2),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ({"Fn::If": ["Both", 1, 2]}, 2),
        ({"Fn::ToJsonString": {"a": ref("Stage")}}, '{"a":"dev"}'),
        ({"Fn::Length": ref("Subnets")}, 3),
        ([1, ref("AWS::NoValue"), {"a": ref("AWS::NoValue"), "b": 2}], [1, {"b": 2}]),
    ],
)
def test_what_cloudformation_would_make_of_it(node, value):
    found = values()
    assert found.at(node, "here") == value
    assert found.unresolved == ()


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (ref("Secret"), "no default; say --parameter Secret=VALUE"),
        (ref("Stored"), "Parameter Store"),
        (ref("Table"), "say --parameter Table=VALUE"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "say --parameter Table.Arn=VALUE"),
        ({"Fn::GetAtt": ["Stream", "StreamArn"]}, "when the stack is deployed"),
        (ref("Nobody"), "nothing of the template is called so"),
        (ref("AWS::StackName"), "say --parameter AWS::StackName=VALUE"),
        ({"Fn::Sub": "x-${Table}"}, "Table=VALUE"),
        ({"Fn::ImportValue": "x"}, "another stack exports it"),
        ({"Fn::GetAZs": ""}, "account"),
        ({"Fn::Transform": {"Name": "x"}}, "macro"),
        ({"Fn::Unheard": 1}, "no function of CloudFormation"),
        ({"Fn::Join": "nonsense"}, "arguments"),
        ({"Fn::Select": [9, ["a"]]}, "arguments"),
        ({"Fn::Select": [-1, ["a"]]}, "arguments"),
        ({"Fn::Sub": "${Subnets}"}, "arguments"),
        ({"Fn::If": ["Nope", 1, 2]}, "Conditions has no Nope"),
        ({"Fn::If": ["Hidden", 1, 2]}, "Secret"),
        ({"Fn::If": ["Circle", 1, 2]}, "depends on itself"),
        ({"Fn::If": 3}, "Conditions"),
        ({"Fn::Sub": '${"}'}, "nothing of the template"),
        ({"Fn::FindInMap": ["Sizes", "test", "Memory"]}, "Mappings has no Sizes.test.Memory"),
        (ref("A"), "depends on itself"),
        ("{{resolve:secretsmanager:shop}}", "dynamic reference"),
        ({"Fn::Join": ["", ["{{resolve:", "ssm:x}}"]]}, "dynamic reference"),
        ([1, ref("Table")], "Table"),
    ],
)
def test_what_nobody_can_know_is_listed_with_its_reason_and_not_said(node, why):
    found = values()
    assert found.at(node, "here") is UNRESOLVED
    (listed,) = found.unresolved
    assert why in str(listed)
    assert "\n" not in str(listed)


def test_one_unknown_member_does_not_lose_its_neighbours():
    found = values()
    variables = {"STAGE": ref("Stage"), "TABLE": ref("Table")}
    assert found.at({"Fn::If": ["IsDev", {"Variables": variables}, {}]}, "E") == {
        "Variables": {"STAGE": "dev"}
    }
    assert [str(each).split(" is ")[0] for each in found.unresolved] == [
        "E.Variables.TABLE: !Ref Table"
    ]


def test_parameters_count_over_defaults_and_for_what_a_deployment_gives():
    found = Values(
        DOCUMENT,
        {
            "Stage": "prod",
            "Stored": "s3cret",
            "Table": "orders-prod",
            "Table.Arn": "arn:t",
            "AWS::StackName": "shop",
        },
        ARN,
    )
    assert found.at({"Fn::If": ["IsProd", 1, 2]}, "a") == 1
    text = "${Stored} ${Table} ${Table.Arn} ${AWS::StackName}"
    assert found.at({"Fn::Sub": text}, "b") == "s3cret orders-prod arn:t shop"
    assert found.unresolved == ()


def test_a_parameter_that_the_template_has_not_is_one_line_naming_those_it_has():
    with pytest.raises(UsageError, match="found Stge; its parameters: Stage, Size"):
        values(Stge="prod")


def test_what_is_replayed_tells_what_its_resource_is_called():
    found = values()
    found.know("Orders", "arn:aws:sqs:eu-west-1:111111111111:shop-Orders-1A2B")
    assert found.at(ref("Orders"), "a").endswith("/shop-Orders-1A2B")
    assert found.at({"Fn::GetAtt": ["Orders", "Arn"]}, "b").endswith(":shop-Orders-1A2B")
    stream = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/2026"
    found.know("Table", stream)
    assert found.at({"Fn::GetAtt": ["Table", "StreamArn"]}, "c") == stream
    assert found.at({"Fn::GetAtt": ["Table", "Arn"]}, "d").endswith("table/orders")
    assert found.at(ref("Table"), "e") == "orders"


def test_a_resource_is_not_there_where_its_condition_is_false_and_listed_where_it_is_unknown():
    found = values()
    assert found.is_there("Orders")
    assert not found.is_there("OnlyProd")
    assert found.is_there("Maybe")
    assert [each.path for each in found.unresolved] == ["Resources.Maybe.Condition"]


def test_a_template_that_would_be_worked_out_for_ever_is_refused():
    doubling = {"Type": "AWS::SQS::Queue"}
    resources = {
        f"Q{n}": {
            **doubling,
            "Properties": {"QueueName": {"Fn::Sub": f"${{Q{n + 1}.QueueName}}${{Q{n + 1}.QueueName}}"}},
        }
        for n in range(40)
    }  # fmt: skip
    resources["Q40"] = {**doubling, "Properties": {"QueueName": "x"}}
    with pytest.raises(UsageError, match="steps"):
        Values({"Resources": resources}, {}, ARN).at(ref("Q0"), "here")


@pytest.mark.parametrize(
    "node",
    [
        {"Fn::Join": ["x" * 10_000, ["a"] * 200]},
        {"Fn::Sub": ["${a}" * 200, {"a": {"Fn::FindInMap": ["M", "a", "b"]}}]},
    ],
)
def test_a_value_larger_than_any_template_is_refused(node):
    document = {"Mappings": {"M": {"a": {"b": "x" * 10_000}}}, "Resources": {}}
    with pytest.raises(UsageError, match="characters"):
        Values(document, {}, ARN).at(node, "here")


_NAMES = st.sampled_from(["Stage", "Secret", "Table", "Orders", "A", "AWS::NoValue", "IsProd", "?"])
_CALLS = ["Ref", "Fn::Sub", "Fn::Join", "Fn::If", "Fn::Select", "Fn::GetAtt", "Fn::FindInMap"]
_NODES = st.recursive(
    _NAMES | st.none() | st.booleans() | st.integers() | st.text(alphabet="${}!.ab", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_NAMES, inner, max_size=2)
        | st.builds(lambda name, argument: {name: argument}, st.sampled_from(_CALLS), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(_NODES)
def test_whatever_a_template_says_is_a_value_or_is_listed(node):
    found = values()
    value = found.at(node, "here")
    assert (value is UNRESOLVED) <= bool(found.unresolved)
    assert all(each.why and each.path.startswith("here") for each in found.unresolved)


@pytest.mark.parametrize(
    ("node", "name"),
    [
        (ref("Orders"), "Orders"),
        ({"Fn::GetAtt": ["Orders", "Arn"]}, "Orders"),
        ({"Fn::GetAtt": "Orders.Arn"}, "Orders"),
        ({"Fn::Sub": "${Orders.Arn}"}, "Orders"),
        ({"Fn::Sub": "${Orders}-x"}, None),
        ({"Fn::Sub": "${!Orders}"}, None),
        ("orders", None),
        (None, None),
    ],
)
def test_a_reference_is_about_one_resource(node, name):
    assert pointed_at(node) == name


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (ARN, "orders"),
        ("arn:aws:kinesis:eu-west-1:1:stream/clicks", "clicks"),
        ("arn:aws:dynamodb:eu-west-1:1:table/orders/stream/2026-01-01T00:00:00.000", "orders"),
        ("arn:aws:lambda:eu-west-1:1:function:charge:live", "charge"),
    ],
)
def test_an_arn_has_a_name(arn, name):
    assert named_in(arn) == name
