"""Sources as people name them, looked up among those that a trace holds."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

from workbench.errors import UsageError

if TYPE_CHECKING:
    from workbench.trace.reader import Trace


PREFIXES = {
    "sqs": ":sqs:",
    "sns": ":sns:",
    "kinesis": ":kinesis:",
    "dynamodb": ":dynamodb:",
    "lambda": ":logs:",
    "logs": ":logs:",
    "events": ":events:",
}


def source_in_trace(trace: "Trace", source: str) -> str:
    """The ARN of a source in the trace, named by its ARN or as in a capture (`sqs:orders-dlq`).

    Raises:
        UsageError: no source of the trace, or more than one, goes by that name; the message lists what is there.
    """
    arns = trace.sql(
        "select distinct source_arn from records union select distinct source_arn from coverage order by 1"
    )
    there = arns["source_arn"].to_list()
    found = [arn for arn in there if arn == source] or [
        arn for arn in there if _goes_by(arn, source)
    ]
    if len(found) == 1:
        return str(found[0])
    names = [source_name(arn) for arn in there]
    near = get_close_matches(source, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    what = f"{len(found)} that match" if found else "none of that name"
    raise UsageError(
        f"wanted a source of the trace, found {what}: {source!r}; there are {', '.join(names) or 'none'}{hint}"
    )


def source_name(arn: str) -> str:
    """The short name of a source: `kinesis:orders`, `sqs:orders-dlq`, `lambda:charge`; the ARN where there is none.

    Example:
        >>> source_name("arn:aws:sqs:us-east-1:111111111111:orders-dlq")
        'sqs:orders-dlq'
    """
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return arn
    service, name = parts[2], parts[5]
    match service:
        case "kinesis":
            return f"kinesis:{name.removeprefix('stream/').split('/')[0]}"
        case "dynamodb":
            return f"dynamodb:{name.removeprefix('table/').split('/')[0]}"
        case "logs":
            group = name.removeprefix("log-group:").removesuffix(":*")
            return (
                f"lambda:{group.removeprefix('/aws/lambda/')}"
                if group.startswith("/aws/lambda/")
                else f"logs:{group}"
            )
        case _:
            return f"{service}:{name}"


def _goes_by(arn: str, source: str) -> bool:
    """Whether a capture calls it so; a function's group goes by the function's name and by its own."""
    service, _, name = source.partition(":")
    there = source_name(arn).partition(":")[2]
    return PREFIXES.get(service, "\0") in arn and there in (name, name.removeprefix("/aws/lambda/"))
