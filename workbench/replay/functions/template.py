"""A function as its template has it: what a run would otherwise be told by hand."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import HandlerError, UsageError
from workbench.replay.functions.template_code import (
    Code,
    built_template,
    changed_since,
    code_of,
)
from workbench.replay.functions.template_document import Document, read_template
from workbench.replay.functions.template_events import (
    EventSource,
    event_sources,
    mapping_document,
    source_of,
    stack_name,
)
from workbench.replay.functions.template_values import (
    NO_VALUE,
    UNRESOLVED,
    Unresolved,
    Values,
    pointed_at,
    properties_of,
)
from workbench.summary import Summary

_TYPES = ("AWS::Serverless::Function", "AWS::Lambda::Function")
_CONFIGURATION = (
    "FunctionName", "Handler", "Runtime", "Architectures", "PackageType", "Timeout", "MemorySize", "Environment",
    "EphemeralStorage", "Layers", "DeadLetterConfig", "DeadLetterQueue", "Tracing", "TracingConfig",
)  # fmt: skip
_QUEUE = (
    "VisibilityTimeout", "MessageRetentionPeriod", "RedrivePolicy", "FifoQueue", "ContentBasedDeduplication",
    "DeduplicationScope", "FifoThroughputLimit", "DelaySeconds", "MaximumMessageSize", "ReceiveMessageWaitTimeSeconds",
)  # fmt: skip
_THIS_PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_SCRIPTS = (".js", ".mjs", ".cjs")
"""In the order in which Lambda's client for Node.js looks for them."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TemplateFunction(Summary):
    """What a template says of one function and of what is replayed to it, in AWS's own documents."""

    logical_id: str
    configuration: Document
    """As `get-function-configuration` answers it."""
    mapping: Document
    """As `get-event-source-mapping` answers it; empty where the template maps no such source."""
    queue_attributes: Document = field(default_factory=dict)
    """As `get-queue-attributes` answers them."""
    stream: Document = field(default_factory=dict)
    """RetentionPeriodHours, as `describe-stream-summary` answers it."""
    invoke_config: Document = field(default_factory=dict)
    """As `get-function-event-invoke-config` answers it."""
    events: tuple[EventSource, ...] = ()
    """Everything that invokes the function."""
    code: Code | None = None
    """None: it is not on this machine; `notes` says why."""
    unresolved: tuple[Unresolved, ...] = ()
    """What is therefore not said, never guessed."""
    notes: tuple[str, ...] = ()
    """What a person should know, a line each."""

    def document(self) -> dict[str, Any]:
        """`{function, unresolved: [{path, intrinsic, why}], notes}`: what a person or a program should know of it."""
        unresolved = [asdict(each) for each in self.unresolved]
        return {"function": self.logical_id, "unresolved": unresolved, "notes": [*self.notes]}

    @contextmanager
    def opened(self) -> Iterator[tuple[str, Path, str | None]]:
        """The handler as a replay takes it, its folder, and the command of a runtime that is a program of its own.

        Raises:
            HandlerError: handler, runtime or code are not known, not there, or not to be run here.
        """
        handler = str(self.configuration.get("Handler", ""))
        runtime = str(self.configuration.get("Runtime", ""))
        if self.code is None:
            raise self._missing("code", "CodeUri", "Code")
        with self.code.unpacked() as folder:
            if runtime.startswith("provided"):
                yield handler, folder, "./bootstrap"
                return
            if not handler:
                raise self._missing("a handler", "Handler")
            if runtime and not runtime.startswith(("python", "nodejs")):
                raise HandlerError(
                    f"wanted a function in Python or Node.js, found {self.logical_id} in {runtime}; "
                    "name the program that runs it as the runtime"
                )
            yield _handler(self.logical_id, handler, folder, runtime), folder, None

    def _missing(self, what: str, *members: str) -> HandlerError:
        why = [str(each) for each in self.unresolved if each.path.split(".")[-1] in members]
        why += [each for each in self.notes if each.startswith("the code")]
        found = "; ".join(why) or "none"
        return HandlerError(f"wanted {what} of {self.logical_id} in the template, found {found}")

    def _facts(self) -> dict[str, Any]:
        """The function, and what only a deployment knows."""
        return {
            "function": self.logical_id,
            "handler": self.configuration.get("Handler"),
            "runtime": self.configuration.get("Runtime"),
            "mapping": self.mapping,
            "invoked by": len(self.events),
            "code": "on this machine" if self.code else "not on this machine",
            "not said": [each.path for each in self.unresolved],
            "notes": self.notes,
        }


def template_function(
    template: Path | str,
    source_arn: str,
    *,
    function: str | None = None,
    parameters: Mapping[str, str] | None = None,
) -> TemplateFunction:
    """What a SAM, CloudFormation or synthesised CDK template says of a function and of what is replayed to it.

    Args:
        template: the file. Where `sam build` has built it, the built code is taken, unless the sources are newer.
        source_arn: what is replayed; the stack is taken to be in its partition, region and account.
        function: logical id or name; None where the template has one function.
        parameters: of the template, by name; also what Ref or GetAtt of a resource gives (`Orders`, `Orders.Arn`),
            and `AWS::StackName`.

    Returns:
        What the template says, and what of it is not known before a deployment: that is listed, and left out.

    Raises:
        UsageError: no template, no such function, or several that could be meant.

    Example:
        >>> told = template_function("template.yaml", arn, function="Charge")   # doctest: +SKIP
        >>> told.configuration["Timeout"], told.mapping["BatchSize"]              # doctest: +SKIP
        (30, 25)

    Source: SAM developer guide, "AWS::Serverless::Function", "Globals"; CloudFormation template reference,
    "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::SQS::Queue".
    """
    template = Path(template)
    document = read_template(template)
    values = Values(document, parameters or {}, source_arn)
    logical_id = _chosen(values, function)
    resource = values.resources()[logical_id]
    properties = _with_globals(document, resource)
    events = event_sources(values, logical_id, properties)
    source, choice = source_of(values, events, source_arn)
    notes = [choice] if choice else []
    source_id = source.logical_id if source else None
    if source_id is not None:
        values.know(source_id, source_arn)
    if (stack := stack_name(source_id, source_arn)) is not None:
        values.know_stack(stack)
    path = f"Resources.{logical_id}.Properties"
    configuration = _configuration(values, properties, path)
    mapping = mapping_document(values, source, source_arn) if source else {}
    if mapping.get("Enabled") is False:
        notes.append(f"the template's mapping of {source_arn} is not enabled")
    notes += [f"the layer {each} is not there when it runs" for each in _layers(properties)]
    code, code_note = _code(values, resource, properties, template, logical_id, configuration)
    notes += [code_note] if code_note else []
    runtime = str(configuration.get("Runtime", ""))
    if runtime.startswith("python") and runtime != _THIS_PYTHON:
        notes.append(
            f"the runtime is {runtime}, this is {_THIS_PYTHON}; name another Python to run it in"
        )
    return TemplateFunction(
        logical_id=logical_id,
        configuration=configuration,
        mapping=mapping,
        queue_attributes=_queue_attributes(values, source_id),
        stream=_stream(values, source_id),
        invoke_config=_invoke_config(values, logical_id, properties, path),
        events=events,
        code=code,
        unresolved=values.unresolved,
        notes=tuple(notes),
    )


def _chosen(values: Values, wanted: str | None) -> str:
    functions = {
        logical_id: resource
        for logical_id, resource in values.resources().items()
        if resource.get("Type") in _TYPES and values.is_there(logical_id)
    }
    if wanted is None and len(functions) == 1:
        return next(iter(functions))
    if wanted in functions:
        return str(wanted)
    named = [
        logical_id
        for logical_id, resource in functions.items()
        if wanted is not None
        and values.quietly(properties_of(resource).get("FunctionName")) == wanted
    ]
    if len(named) == 1:
        return named[0]
    choices = ", ".join(functions) or "none (templates of nested stacks are files of their own)"
    found = f"{wanted}; it has" if wanted else "these:"
    raise UsageError(
        f"wanted one function of the template, found {found} {choices}; name it with --function"
    )


def _with_globals(document: Document, resource: Document) -> Document:
    """A SAM function's properties over those of Globals: objects merge, lists add up, the rest is the function's."""
    own, shared = properties_of(resource), document.get("Globals")
    if resource.get("Type") != "AWS::Serverless::Function":
        return own
    shared = shared.get("Function") if isinstance(shared, Mapping) else None
    merged: Document = _merged(shared if isinstance(shared, Mapping) else {}, own)
    return {"CodeUri": ".", **merged}


def _merged(shared: Any, own: Any) -> Any:
    if (
        isinstance(shared, Mapping)
        and isinstance(own, Mapping)
        and not (_is_call(shared) or _is_call(own))
    ):
        return {**shared, **{name: _merged(shared.get(name), each) for name, each in own.items()}}
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    return own


def _is_call(node: Mapping[str, Any]) -> bool:
    return len(node) == 1 and next(iter(node)).startswith(("Ref", "Fn::"))


def _resolved(values: Values, node: Any, path: str) -> Any:
    """The value; None where it is not known or not there."""
    value = values.at(node, path)
    return None if value is UNRESOLVED or value is NO_VALUE else value


def _configuration(values: Values, properties: Document, path: str) -> Document:
    said = {
        name: value
        for name in _CONFIGURATION
        if name in properties
        and (value := _resolved(values, properties[name], f"{path}.{name}")) is not None
    }
    for name in ("Timeout", "MemorySize"):
        if isinstance(said.get(name), str) and said[name].isdigit():
            said[name] = int(said[name])
    environment = said.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, Mapping) else None
    if isinstance(variables, Mapping):
        scalars = {name: _text(each) for name, each in variables.items() if _is_scalar(each)}
        said["Environment"] = {"Variables": scalars}
    else:
        said.pop("Environment", None)
    if isinstance(queue := said.pop("DeadLetterQueue", None), Mapping):  # SAM's word for it
        said["DeadLetterConfig"] = {"TargetArn": queue["TargetArn"]} if "TargetArn" in queue else {}
    if isinstance(tracing := said.pop("Tracing", None), str):
        said["TracingConfig"] = {"Mode": tracing}
    if isinstance(layers := said.get("Layers"), list):
        said["Layers"] = [{"Arn": each} for each in layers]
    return said


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _text(value: Any) -> str:
    """An environment variable as CloudFormation makes it of a number or a boolean."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _layers(properties: Document) -> list[str]:
    layers = properties.get("Layers")
    return [
        pointed_at(each) or (each if isinstance(each, str) else json.dumps(each, default=str))
        for each in (layers if isinstance(layers, list) else [])
    ]


def _queue_attributes(values: Values, source_id: str | None) -> Document:
    members = _declared(values, source_id, "AWS::SQS::Queue")
    path = f"Resources.{source_id}.Properties"
    found = {name: members[name] for name in _QUEUE if name in members}
    return {
        name: json.dumps(value) if isinstance(value, Mapping) else _text(value)
        for name, node in found.items()
        if (value := _resolved(values, node, f"{path}.{name}")) is not None
    }


def _stream(values: Values, source_id: str | None) -> Document:
    members = _declared(values, source_id, "AWS::Kinesis::Stream")
    path = f"Resources.{source_id}.Properties.RetentionPeriodHours"
    hours = _resolved(values, members.get("RetentionPeriodHours"), path)
    return {} if hours is None else {"RetentionPeriodHours": hours}


def _declared(values: Values, source_id: str | None, kind: str) -> Document:
    """The properties of the event's source, where it is a resource of the template and of this type."""
    resource = values.resources().get(source_id or "", {})
    return properties_of(resource) if resource.get("Type") == kind else {}


def _invoke_config(values: Values, logical_id: str, properties: Document, path: str) -> Document:
    """Of asynchronous invocations: SAM says it at the function, CloudFormation in a resource of its own."""
    said, place = properties.get("EventInvokeConfig"), f"{path}.EventInvokeConfig"
    for other, resource in values.resources().items():
        own = resource.get("Type") == "AWS::Lambda::EventInvokeConfig"
        members = properties_of(resource)
        if own and pointed_at(members.get("FunctionName")) == logical_id and values.is_there(other):
            said, place = members, f"Resources.{other}.Properties"
    wanted = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
    found = _resolved(values, said, place) if isinstance(said, Mapping) else {}
    return {name: found[name] for name in wanted if name in (found or {})}


def _code(
    values: Values,
    resource: Document,
    properties: Document,
    template: Path,
    logical_id: str,
    configuration: Document,
) -> tuple[Code | None, str]:
    """The code, and what a person should know of it."""
    path, runtime = f"Resources.{logical_id}.Properties", str(configuration.get("Runtime", ""))
    said = {
        name: value
        for name in ("PackageType", "CodeUri", "Code", "InlineCode")
        if name in properties
        and (value := _resolved(values, properties[name], f"{path}.{name}")) is not None
    }
    metadata = resource.get("Metadata")
    found = code_of(said, metadata if isinstance(metadata, Mapping) else {}, template, runtime)
    built = built_template(template)
    if built is not None and isinstance(found, Code) and found.inline is None:
        return _built(found, built, logical_id, runtime)
    return (
        (found, "") if isinstance(found, Code) else (None, f"the code of {logical_id} is {found}")
    )


def _built(source: Code, built: Path, logical_id: str, runtime: str) -> tuple[Code, str]:
    """What `sam build` made of it, with its dependencies; but never older code than what is to be tried."""
    newer = changed_since(source.place, built)
    if newer is not None:
        return (
            source,
            f"{newer} is newer than what sam build made; the code runs as it is, without what is installed there",
        )
    resource = read_template(built)["Resources"].get(logical_id, {})
    found = code_of(resource.get("Properties") or {}, {}, built, runtime)
    return (
        (found, f"the code is what sam build made, {found.place}")
        if isinstance(found, Code)
        else (source, "")
    )


def _handler(logical_id: str, handler: str, folder: Path, runtime: str) -> str:
    """Lambda's `src/app.handle` as a replay names it."""
    module, dot, function = handler.rpartition(".")
    place = module if runtime.startswith("nodejs") else module.replace(".", "/")
    if dot and runtime.startswith("nodejs"):
        scripts = [
            f"{place}{ending}" for ending in _SCRIPTS if (folder / f"{place}{ending}").is_file()
        ]
        if scripts:
            return f"{scripts[0]}:{function}"
    elif dot and ((folder / f"{place}.py").is_file() or (folder / place / "__init__.py").is_file()):
        return f"{place.replace('/', '.')}:{function}"
    raise HandlerError(
        f"wanted the handler {handler} of {logical_id}, found no such file in {folder}"
    )
