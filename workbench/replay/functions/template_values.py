"""The values of a template: what its intrinsic functions give, and which nobody can know before it is deployed."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from workbench.errors import UsageError
from workbench.replay.functions.template_document import TEMPLATE_BYTES_MOST, Document
from workbench.replay.functions.template_names import RESOURCE_TYPES, resource_attribute

STEPS_MOST = 100_000
DEPTH_MOST = 100
"""Of values within values; CloudFormation's own templates stay far below."""
UNRESOLVED = object()
"""In place of a value that is not known; it has been listed."""
NO_VALUE = object()
"""AWS::NoValue: the member is not there."""
_VARIABLE = re.compile(r"\$\{(!?)\s*([^${}]*?)\s*\}")
_DYNAMIC = "{{resolve:"
_ELSEWHERE: Mapping[str, str] = {
    "Fn::ImportValue": "another stack exports it",
    "Fn::GetAZs": "the account decides it",
    "Fn::Transform": "a macro makes it when the template is deployed",
    "Fn::Cidr": "address ranges are not worked out",
}
_DEPLOYED = ("AWS::StackName", "AWS::StackId", "AWS::NotificationARNs")


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A value of the template that is not known, and is therefore not said."""

    path: str
    """`Resources.Charge.Properties.Environment.Variables.TABLE`."""
    intrinsic: str
    """`!Ref Orders`."""
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.intrinsic} is left out: {self.why}"


class _UnknownValueError(Exception):
    """Why a value cannot be known."""


class Values:
    """What the intrinsic functions of one template give.

    Args:
        document: the template.
        parameters: values of its parameters; also of pseudo parameters and of what Ref or GetAtt of a resource gives
            (`Orders`, `Orders.Arn`), where they are known to the user only.
        source_arn: of what is replayed; its partition, region and account are the stack's.

    Raises:
        UsageError: a parameter that the template has not.
    """

    def __init__(self, document: Document, parameters: Mapping[str, str], source_arn: str) -> None:
        self._document = document
        self._given = dict(parameters)
        partition, _, region, account = (source_arn.split(":") + [""] * 5)[1:5]
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        self._pseudo = {
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::AccountId": account,
            "AWS::URLSuffix": suffix,
        } | {name: value for name, value in self._given.items() if name.startswith("AWS::")}
        self._names: dict[str, str] = {}
        self._arns: dict[str, str] = {}
        self._unresolved: dict[str, Unresolved] = {}
        self._depth = self._steps = 0
        self._check_parameters()

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """What was asked for and is not known, each place once."""
        return tuple(self._unresolved.values())

    def resources(self) -> Mapping[str, Document]:
        """The resources by logical id, without what is none."""
        return self._section("Resources")

    def know(self, logical_id: str, arn: str) -> None:
        """Say which resource of AWS a resource of the template is."""
        self._arns[logical_id] = arn
        self._names[logical_id] = named_in(arn)

    def know_stack(self, name: str) -> None:
        """Say what the stack is called, where the user did not."""
        self._pseudo.setdefault("AWS::StackName", name)

    def at(self, node: Any, path: str) -> Any:
        """The value of `node`; members of objects that are not known are left out and listed.

        Returns:
            JSON; UNRESOLVED where the whole is not known (a list with one such item is not), NO_VALUE where the
            template says AWS::NoValue.

        Raises:
            UsageError: it is larger than any template.
        """
        try:
            with self._deeper():
                return self._lenient(node, path)
        except _UnknownValueError as unknown:
            self._unresolved[path] = Unresolved(path, _shown(node), str(unknown))
            return UNRESOLVED

    def quietly(self, node: Any) -> Any:
        """The value of `node`, or UNRESOLVED, without a listing."""
        try:
            return self._strict(node)
        except _UnknownValueError:
            return UNRESOLVED

    def is_there(self, logical_id: str) -> bool:
        """Whether the resource's condition lets it be; one that is not known does, and is listed."""
        condition = self.resources()[logical_id].get("Condition")
        if condition is None:
            return True
        return self.at({"Condition": condition}, f"Resources.{logical_id}.Condition") is not False

    def _check_parameters(self) -> None:
        for name in self._given:
            known = name.startswith("AWS::") or name in self._section("Parameters")
            if not known and name.split(".")[0] not in self.resources():
                there = ", ".join(self._section("Parameters")) or "none"
                raise UsageError(
                    f"wanted a parameter or a resource of the template, found {name}; its parameters: {there}"
                )

    def _section(self, name: str) -> Mapping[str, Document]:
        section = self._document.get(name)
        if not isinstance(section, Mapping):
            return {}
        return {key: each for key, each in section.items() if isinstance(each, Mapping)}

    def _lenient(self, node: Any, path: str) -> Any:
        call = _call_of(node)
        if call is not None:
            name, argument = call
            if (
                name == "Fn::If"
            ):  # what its branches do not know is no reason to lose the rest of them
                return self.at(self._branch(argument), path)
            return self._called(name, argument)
        if isinstance(node, Mapping):
            members = {key: self.at(each, f"{path}.{key}") for key, each in node.items()}
            return {key: each for key, each in members.items() if _is_known(each)}
        if isinstance(node, list):
            items = [self.at(each, f"{path}[{n}]") for n, each in enumerate(node)]
            if any(each is UNRESOLVED for each in items):
                return UNRESOLVED
            return [each for each in items if each is not NO_VALUE]
        return _static(node)

    def _strict(self, node: Any) -> Any:
        with self._deeper():
            call = _call_of(node)
            if call is not None:
                return self._called(*call)
            if isinstance(node, Mapping):
                members = {key: self._strict(each) for key, each in node.items()}
                return {key: each for key, each in members.items() if each is not NO_VALUE}
            if isinstance(node, list):
                return [each for each in map(self._strict, node) if each is not NO_VALUE]
            return _static(node)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._steps += 1
        if self._steps > STEPS_MOST:
            raise UsageError(
                f"wanted a template whose values can be worked out, found more than {STEPS_MOST} steps"
            )
        if self._depth >= DEPTH_MOST:
            raise _UnknownValueError("it depends on itself, or is nested too deeply")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _called(self, name: str, argument: Any) -> Any:
        if name in _ELSEWHERE:
            raise _UnknownValueError(_ELSEWHERE[name])
        function = _FUNCTIONS.get(name)
        if function is None:
            raise _UnknownValueError("no function of CloudFormation that is known here")
        try:
            value = function(self, argument)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise _UnknownValueError(
                "its arguments are not what CloudFormation takes of it"
            ) from error
        return _static(value)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        parameters = self._section("Parameters")
        if name in parameters:
            return self._parameter(name, parameters[name])
        return self._attribute(name, "")

    def _parameter(self, name: str, declared: Document) -> Any:
        kind = str(declared.get("Type", "String"))
        stored = kind.startswith("AWS::SSM::Parameter")
        if name in self._given:
            value: Any = self._given[name]
        elif "Default" in declared and not stored:
            value = declared["Default"]
        else:
            found = "is kept in Parameter Store" if stored else "has no default"
            raise _UnknownValueError(f"the parameter {name} {found}; say --parameter {name}=VALUE")
        if "List" in kind:
            return [part.strip() for part in _text(value).split(",")]
        return _text(value)

    def _get_att(self, argument: Any) -> Any:
        logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._attribute(logical_id, _text(self._strict(attribute)))

    def _attribute(self, logical_id: str, attribute: str) -> str:
        wanted = f"{logical_id}.{attribute}" if attribute else logical_id
        if wanted in self._given:
            return self._given[wanted]
        resource = self.resources().get(logical_id)
        if resource is None:
            why = (
                "known when the stack is deployed"
                if logical_id in _DEPLOYED
                else "nothing of the template is called so"
            )
            raise _UnknownValueError(
                f"{why}; say --parameter {wanted}=VALUE" if logical_id in _DEPLOYED else why
            )
        arn = self._arns.get(logical_id, "")
        if arn and attribute == ("StreamArn" if "/stream/" in arn else "Arn"):
            return arn
        kind = RESOURCE_TYPES.get(str(resource.get("Type")))
        name = self._name(logical_id, resource) if kind else None
        if kind and name:
            value = resource_attribute(kind, name, attribute, self._pseudo)
            if value is not None:
                return value
        raise _UnknownValueError(
            f"CloudFormation gives it when the stack is deployed; say --parameter {wanted}=VALUE"
        )

    def _name(self, logical_id: str, resource: Document) -> str | None:
        """What the resource is called at AWS; None where CloudFormation will name it."""
        if logical_id in self._names:
            return self._names[logical_id]
        named = properties_of(resource).get(RESOURCE_TYPES[resource["Type"]].property)
        value = NO_VALUE if named is None else self._strict(named)
        return None if value is NO_VALUE else _text(value)

    def _sub(self, argument: Any) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument

        def replaced(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return _text(self._strict(variables[name]))
            return _text(
                self._get_att(name) if "." in name and name not in self._given else self._ref(name)
            )

        pieces, end, length = [], 0, len(text)
        for found in _VARIABLE.finditer(text):
            pieces += [text[end : found.start()], replaced(found)]
            end = found.end()
            length += len(pieces[-1])
            _bounded(length)
        return "".join([*pieces, text[end:]])

    def _join(self, argument: Any) -> str:
        delimiter, parts = argument
        texts = [_text(each) for each in self._listed(parts)]
        _bounded(sum(map(len, texts)) + len(delimiter) * len(texts))
        return str(delimiter).join(texts)

    def _select(self, argument: Any) -> Any:
        index = int(_text(self._strict(argument[0])))
        if index < 0:
            raise IndexError(index)
        return self._listed(argument[1])[index]

    def _split(self, argument: Any) -> list[str]:
        delimiter, text = argument
        return _text(self._strict(text)).split(delimiter)

    def _find_in_map(self, argument: Any) -> Any:
        names = [_text(self._strict(each)) for each in argument[:3]]
        found: Any = self._document.get("Mappings", {})
        try:
            for name in names:
                found = found[name]
        except (KeyError, TypeError):
            fallback = argument[3]["DefaultValue"] if len(argument) > 3 else None
            if fallback is None:
                raise _UnknownValueError(f"Mappings has no {'.'.join(names)}") from None
            return self._strict(fallback)
        return found

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(_text(self._strict(argument)).encode()).decode()

    def _branch(self, argument: Any) -> Any:
        condition, then, otherwise = (
            argument if isinstance(argument, list) and len(argument) == 3 else ("", 0, 0)
        )
        return then if self._condition(condition) else otherwise

    def _if(self, argument: Any) -> Any:
        return self._strict(self._branch(argument))

    def _condition(self, name: Any) -> bool:
        with self._deeper():
            conditions = self._section("Conditions")
            if not isinstance(name, str) or name not in conditions:
                raise _UnknownValueError(f"Conditions has no {name}")
            return self._truth(conditions[name])

    def _truth(self, node: Any) -> bool:
        value = self._strict(node)
        if str(value).lower() not in ("true", "false"):
            raise _UnknownValueError("no condition")
        return str(value).lower() == "true"

    def _equals(self, argument: Any) -> bool:
        one, other = (self._strict(each) for each in argument)
        return bool(_comparable(one) == _comparable(other))

    def _and(self, argument: Any) -> bool:
        return all(self._truth(each) for each in argument)

    def _or(self, argument: Any) -> bool:
        return any(self._truth(each) for each in argument)

    def _not(self, argument: Any) -> bool:
        (only,) = argument
        return not self._truth(only)

    def _to_json(self, argument: Any) -> str:
        return json.dumps(self._strict(argument), separators=(",", ":"))

    def _length(self, argument: Any) -> int:
        return len(self._listed(argument))

    def _listed(self, node: Any) -> list[Any]:
        value = self._strict(node)
        if not isinstance(value, list):
            raise TypeError(value)
        return value


_FUNCTIONS: Mapping[str, Callable[[Values, Any], Any]] = {
    "Ref": Values._ref,
    "Condition": Values._condition,
    "Fn::GetAtt": Values._get_att,
    "Fn::Sub": Values._sub,
    "Fn::Join": Values._join,
    "Fn::Select": Values._select,
    "Fn::Split": Values._split,
    "Fn::FindInMap": Values._find_in_map,
    "Fn::Base64": Values._base64,
    "Fn::If": Values._if,
    "Fn::Equals": Values._equals,
    "Fn::And": Values._and,
    "Fn::Or": Values._or,
    "Fn::Not": Values._not,
    "Fn::ToJsonString": Values._to_json,
    "Fn::Length": Values._length,
}


def properties_of(resource: Document) -> Document:
    """The resource's properties, not resolved."""
    properties = resource.get("Properties")
    return properties if isinstance(properties, Mapping) else {}


def pointed_at(node: Any) -> str | None:
    """The logical id that a Ref, a GetAtt or a Sub of one variable is about; None where it is about none.

    Example:
        >>> pointed_at({"Fn::GetAtt": ["Orders", "Arn"]}), pointed_at({"Fn::Sub": "${Orders.Arn}"})
        ('Orders', 'Orders')
    """
    match node:
        case {"Ref": str(name)} if len(node) == 1:
            return name
        case {"Fn::GetAtt": [str(name), *_]} | {"Fn::GetAtt": str(name)} if len(node) == 1:
            return name.split(".")[0]
        case {"Fn::Sub": str(text)} if len(node) == 1:
            whole = _VARIABLE.fullmatch(text)
            return whole[2].split(".")[0] if whole and not whole[1] else None
    return None


def named_in(arn: str) -> str:
    """The name in an ARN: of the queue, the topic, the function, the stream, the table.

    Example:
        >>> named_in("arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/2026-01-01T00:00:00.000")
        'orders'
    """
    rest = arn.split(":", 5)[-1]
    parts = rest.split("/")
    return parts[1] if len(parts) > 1 else rest.removeprefix("function:").split(":")[0]


def _call_of(node: Any) -> tuple[str, Any] | None:
    if isinstance(node, Mapping) and len(node) == 1:
        ((name, argument),) = node.items()
        if name in ("Ref", "Condition") and isinstance(argument, str):
            return name, argument
        if str(name).startswith("Fn::"):
            return str(name), argument
    return None


def _static(value: Any) -> Any:
    if isinstance(value, str) and _DYNAMIC in value:
        raise _UnknownValueError("a dynamic reference is read when the stack is deployed")
    return value


def _is_known(value: Any) -> bool:
    return value is not UNRESOLVED and value is not NO_VALUE


def _text(value: Any) -> str:
    """A scalar as CloudFormation writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(value)


def _comparable(value: Any) -> Any:
    return _text(value) if isinstance(value, str | int | float) else value


def _bounded(characters: int) -> None:
    if characters > TEMPLATE_BYTES_MOST:
        raise UsageError(
            f"wanted values no larger than a template, found one of more than {TEMPLATE_BYTES_MOST} characters"
        )


def _shown(node: Any) -> str:
    """As the template may have had it, cut short."""
    call = _call_of(node)
    if call is None:
        text = node if isinstance(node, str) else json.dumps(node, default=str)
    else:
        name, argument = call
        match argument:
            case str():
                said = argument
            case [str(one), str(other)] if name == "Fn::GetAtt":
                said = f"{one}.{other}"
            case _:
                said = json.dumps(argument, default=str)
        text = f"!{name.removeprefix('Fn::')} {said}"
    return text if len(text) <= 80 else f"{text[:77]}..."
