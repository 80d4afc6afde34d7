"""A template as CloudFormation reads it: YAML with its tags, or JSON; bounded, because it may come from anywhere."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import UsageError

TEMPLATE_BYTES_MOST = 1_048_576
"""What CloudFormation takes from a bucket."""
NODES_MOST = 500_000
"""Assumed: far more than a template of that size has, far less than an alias of aliases makes of it."""
_TEXT, _MERGE, _INSTANT = (f"tag:yaml.org,2002:{name}" for name in ("str", "merge", "timestamp"))

Document = Mapping[str, Any]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C one where it was built
    """CloudFormation's YAML: its tags are long forms, a date is text."""


def read_template(file: Path) -> Document:
    """The template in `file`, with `!Ref` and its like in their long form (`{"Ref": …}`).

    Raises:
        UsageError: no such file, too large, neither YAML nor JSON, or without Resources.

    Example:
        >>> file = Path("template.yaml")                                       # doctest: +SKIP
        >>> read_template(file)["Resources"]["Charge"]["Properties"]["Role"]   # doctest: +SKIP
        {'Fn::GetAtt': ['ChargeRole', 'Arn']}

    Source: CloudFormation user guide, "Template format", "Intrinsic function reference".
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(TEMPLATE_BYTES_MOST + 1)
        if len(content) > TEMPLATE_BYTES_MOST:
            raise ValueError(f"more than the {TEMPLATE_BYTES_MOST} bytes that CloudFormation takes")
        text = content.decode("utf-8-sig")
        document = json.loads(text) if text.lstrip().startswith("{") else _from_yaml(text)
        resources = document.get("Resources") if isinstance(document, Mapping) else None
        if not isinstance(resources, Mapping):
            raise ValueError("no Resources")
    except RecursionError as error:
        raise UsageError(f"wanted a template in {file}, found it nested too deeply") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        found = " ".join(str(error).split())
        raise UsageError(
            f"wanted a CloudFormation or SAM template in {file}, found {found}"
        ) from error
    found_document: Document = document
    return found_document


def _from_yaml(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _prepare(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _prepare(root: yaml.Node) -> None:
    """Make every key text, as JSON has it; and refuse what would grow without end when its aliases are followed."""
    waiting, nodes = [root], 0
    while waiting:
        node = waiting.pop()
        nodes += 1
        if nodes > NODES_MOST:
            raise ValueError(f"more than {NODES_MOST} values when its aliases are followed")
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                    key.tag = _TEXT
                waiting += (key, value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _long_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """`!GetAtt A.Arn` is `{"Fn::GetAtt": ["A", "Arn"]}`."""
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: text.split(".", 1) if suffix == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _long_form)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _INSTANT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
