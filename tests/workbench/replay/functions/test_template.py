"""A function by its template: what a person would otherwise say by hand, and nothing that nobody knows."""

import json
import os

import pytest

from tests.workbench.replay.functions.templates import (
    CDK,
    CLOUDFORMATION,
    SAM,
    STREAM,
    only,
    told,
)
from workbench.errors import HandlerError, UsageError
from workbench.mapping import EventSourceMapping


@pytest.fixture
def folder(tmp_path):
    for name in ("src", "asset.0abc"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text("def handle(event, context): ...")
    return tmp_path


def test_a_sam_function_has_its_globals_and_its_own_configuration(folder):
    found = told(folder, SAM)
    assert found.logical_id == "Charge"
    configuration = dict(found.configuration)
    variables = configuration.pop("Environment")["Variables"]
    assert configuration == {
        "Handler": "app.handle",
        "Runtime": "python3.12",
        "Architectures": ["arm64"],
        "Timeout": 30,
        "MemorySize": 256,
        "EphemeralStorage": {"Size": 1024},
        "DeadLetterConfig": {},
    }
    assert variables == {
        "STAGE": "dev",
        "LEVEL": "DEBUG",
        "RETRIES": "3",
        "VERBOSE": "true",
        "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111111111111/shop-prod-Orders-1A2B3C4D5E6F",
        "STACK": "shop-prod",
    }
    assert found.invoke_config == {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 600}


def test_a_functions_own_intrinsic_stands_in_place_of_that_of_globals(folder):
    document = json.loads(only(CodeUri="src", MemorySize={"Fn::FindInMap": ["M", "a", "b"]}))
    document |= {
        "Globals": {"Function": {"MemorySize": {"Ref": "Size"}}},
        "Mappings": {"M": {"a": {"b": 300}}},
    }
    assert told(folder, json.dumps(document)).configuration == {"MemorySize": 300}


def test_another_python_than_this_one_is_said(folder):
    (note,) = [
        each for each in told(folder, only(Runtime="python2.7")).notes if "python2.7" in each
    ]
    assert "name another Python" in note


def test_the_document_lists_what_is_left_out(folder):
    document = told(folder, only(CodeUri="src", Handler={"Ref": "X"}), STREAM).document()
    assert document == {
        "function": "F",
        "unresolved": [
            {
                "path": "Resources.F.Properties.Handler",
                "intrinsic": "!Ref X",
                "why": "nothing of the template is called so",
            }
        ],
        "notes": ["the template maps no kinesis source to this function; AWS's defaults hold"],
    }


def test_what_only_a_deployment_knows_is_listed_and_left_out(folder):
    listed = {
        each.path.removeprefix("Resources."): each.intrinsic
        for each in told(folder, SAM).unresolved
    }
    assert listed == {
        "Charge.Properties.Environment.Variables.TABLE": "!Ref Stock",
        "Charge.Properties.Environment.Variables.KEY": "!Ref ApiKey",
        "Charge.Properties.Layers[0]": "!Ref Common",
        "Charge.Properties.DeadLetterQueue.TargetArn": "!GetAtt Dead.Arn",
        "Orders.Properties.RedrivePolicy.deadLetterTargetArn": "!GetAtt Dead.Arn",
    }


def test_the_event_of_the_replayed_queue_is_the_mapping_and_the_queue_has_its_attributes(folder):
    found = told(folder, SAM, parameters={"BatchSize": "12", "Dead.Arn": "arn:dead"})
    assert EventSourceMapping.from_aws(found.mapping).completed("sqs") == EventSourceMapping(
        batch_size=12,
        maximum_batching_window_in_seconds=5,
        function_response_types=("ReportBatchItemFailures",),
        maximum_concurrency=5,
        filters=('{"body": {"paid": [true]}}',),
    )
    assert found.queue_attributes == {
        "VisibilityTimeout": "180",
        "MessageRetentionPeriod": "86400",
        "RedrivePolicy": '{"deadLetterTargetArn": "arn:dead", "maxReceiveCount": 3}',
    }


def test_a_variable_that_is_no_scalar_is_none(folder):
    variables = {"A": [1], "B": None, "C": {"x": 1}, "D": 1.5}
    found = told(folder, only(CodeUri="src", Environment={"Variables": variables}))
    assert found.configuration["Environment"] == {"Variables": {"D": "1.5"}}


def test_cdks_template_has_its_assets_beside_it(folder):
    source = "arn:aws:sqs:eu-west-1:111111111111:Shop-OrdersB1C2D3E4-abc"
    found = told(folder, CDK, source)
    assert found.mapping["BatchSize"] == 10
    assert found.queue_attributes == {"VisibilityTimeout": "90"}
    assert found.configuration["Environment"]["Variables"]["QUEUE"].endswith(
        "/Shop-OrdersB1C2D3E4-abc"
    )
    with found.opened() as opened:
        assert opened == ("app:handle", folder / "asset.0abc", None)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(None, "these: A, B"), ("C", "C; it has A, B")],
)
def test_several_functions_are_named(folder, wanted, found):
    function = {"Type": "AWS::Lambda::Function"}
    document = json.dumps({"Resources": {"A": function, "B": function}})
    with pytest.raises(UsageError, match=found):
        told(folder, document, function=wanted)


def test_a_function_may_be_named_by_its_name(folder):
    assert told(folder, CLOUDFORMATION, STREAM, function="charge").logical_id == "Charge"


def test_layers_are_said_not_to_be_there(folder):
    notes = [note for note in told(folder, SAM).notes if "layer" in note]
    assert [note.split()[2] for note in notes] == [
        "Common",
        "arn:aws:lambda:eu-west-1:222222222222:layer:tools:4",
    ]


@pytest.mark.parametrize(
    ("properties", "files", "expected"),
    [
        ({"Handler": "app.handle", "Runtime": "python3.12"}, ["app.py"], ("app:handle", None)),
        ({"Handler": "a/b.handle", "Runtime": "python3.12"}, ["a/b.py"], ("a.b:handle", None)),
        ({"Handler": "a.b.handle"}, ["a/b/__init__.py"], ("a.b:handle", None)),
        (
            {"Handler": "dist/x.y.handler", "Runtime": "nodejs22.x"},
            ["dist/x.y.mjs"],
            ("dist/x.y.mjs:handler", None),
        ),
        ({"Runtime": "provided.al2023", "Handler": "any"}, [], ("any", "./bootstrap")),
    ],
)
def test_the_handler_is_named_as_a_replay_takes_it(tmp_path, properties, files, expected):
    for file in files:
        (tmp_path / "code" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / file).write_text("")
    (tmp_path / "code").mkdir(exist_ok=True)
    with told(tmp_path, only(CodeUri="code", **properties)).opened() as (text, folder, runtime):
        assert (text, runtime) == expected
        assert folder == tmp_path / "code"


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ({"CodeUri": "src", "Runtime": "python3.12"}, "wanted a handler of F"),
        ({"CodeUri": "src", "Handler": {"Ref": "X"}}, "Properties.Handler: !Ref X"),
        ({"CodeUri": {"Ref": "X"}, "Handler": "app.handle"}, "Properties.CodeUri: !Ref X"),
        ({"CodeUri": "s3://b/k", "Handler": "app.handle"}, "in a bucket"),
        ({"CodeUri": "src", "Handler": "gone.handle"}, "no such file"),
        ({"CodeUri": "src", "Handler": "app"}, "no such file"),
        ({"CodeUri": "src", "Handler": "a.B::c", "Runtime": "java21"}, "java21"),
    ],
)
def test_what_a_run_needs_and_is_not_there_is_one_line(folder, properties, why):
    with (
        pytest.raises(HandlerError, match=why) as raised,
        told(folder, only(**properties)).opened(),
    ):
        pass
    assert "\n" not in str(raised.value)


def test_built_code_is_taken_unless_a_source_is_newer(folder):
    built = folder / ".aws-sam" / "build"
    (built / "F").mkdir(parents=True)
    text = only(CodeUri="src", Handler="app.handle", Runtime="python3.12")
    (built / "template.yaml").write_text(only(CodeUri="F", Handler="app.handle"))
    os.utime(folder / "src" / "app.py", (1, 1))
    found = told(folder, text)
    assert found.code.place == built / "F"
    assert any("sam build" in note for note in found.notes)
    os.utime(folder / "src" / "app.py")
    os.utime(built / "template.yaml", (1, 1))
    found = told(folder, text)
    assert found.code.place == folder / "src"
    assert any("app.py is newer" in note for note in found.notes)


@pytest.mark.parametrize(
    "odd",
    [
        {"Properties": "text"},
        {"Properties": {"Events": ["x"], "Layers": "x", "Environment": "x", "Timeout": "soon"}},
        {"Properties": {"Events": {"E": "x", "D": {"Type": "SQS", "Properties": "x"}}}},
        {"Properties": {"Environment": {"Variables": {"A": [1], "B": None, "C": {"x": 1}}}}},
        {"Properties": {"CodeUri": [1], "Code": 5, "EventInvokeConfig": "x", "DeadLetterQueue": 3}},
        {"Metadata": "x", "Condition": ["x"]},
    ],
)
def test_a_function_of_odd_shape_is_no_crash(tmp_path, odd):
    document = {"Globals": "x", "Resources": {"F": {"Type": "AWS::Serverless::Function", **odd}}}
    assert told(tmp_path, json.dumps(document)).logical_id == "F"
