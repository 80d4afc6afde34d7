"""Which of botocore's service models a request may speak of, loaded only when one does."""

import gzip
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel

_HEAD_BYTES = 4096
"""Metadata stands at the head of a model; the whole of all of them would be hundreds of megabytes."""
_FIELD = re.compile(r'"(apiVersion|endpointPrefix|signingName|targetPrefix)"\s*:\s*"([^"]*)"')
_MODELS_KEPT = 24


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A service as botocore names it, and what its requests can be known by."""

    name: str
    signing_name: str
    endpoint_prefix: str
    target_prefix: str | None
    api_version: str


@cache
def service_names() -> tuple[ServiceName, ...]:
    """All services that the installed botocore knows, the latest version of each."""
    folder = Path(botocore.__file__).parent / "data"
    return tuple(
        _service_name(name, max(folder.glob(f"{name}/*/service-2.json*")))
        for name in Loader().list_available_services("service-2")
    )


def _service_name(name: str, path: Path) -> ServiceName:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        head = file.read(_HEAD_BYTES).decode(errors="replace")
    fields: Mapping[str, str] = dict(_FIELD.findall(head))
    prefix = fields.get("endpointPrefix", name)
    return ServiceName(
        name=name,
        signing_name=fields.get("signingName", prefix),
        endpoint_prefix=prefix,
        target_prefix=fields.get("targetPrefix"),
        api_version=fields.get("apiVersion", ""),
    )


@cache
def _by_name() -> Mapping[str, Sequence[ServiceName]]:
    found: defaultdict[str, list[ServiceName]] = defaultdict(list)
    for each in service_names():
        for name in {each.signing_name, each.endpoint_prefix}:
            found[name].append(each)
    return found


def services_called(name: str) -> Sequence[ServiceName]:
    """The services that sign as `name` or whose host begins with it; more than one for `ses`."""
    return _by_name().get(name, ())


@lru_cache(_MODELS_KEPT)
def service_model(name: str) -> ServiceModel:
    """The model of a service as botocore names it.

    Raises:
        UnknownServiceError: botocore has none of that name.
    """
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)
