"""Turns whatever boto3 raises into one of our errors, with one line that says what to do.

Every call to AWS goes through `call`, so no botocore exception leaves this package, and an
answer that cannot be parsed is never taken for an empty one.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from connectors.errors import (
    AccessDeniedError,
    ConnectorError,
    CorruptAnswerError,
    SourceNotFoundError,
    ThrottledError,
    UnavailableError,
)

_ADVICE = MappingProxyType(
    {
        AccessDeniedError: "grant the right (`workbench policy` prints the least that is needed)",
        SourceNotFoundError: "check its name, the account and the Region",
        ThrottledError: "wait, or lower the rate: production shares this quota",
        UnavailableError: "try again: AWS failed on its own side",
        CorruptAnswerError: "try again; is something between us and AWS?",
        ConnectorError: "try again, or see the AWS documentation of this error",
    }
)
_CODES: Mapping[type[ConnectorError], frozenset[str]] = MappingProxyType(
    {
        AccessDeniedError: frozenset(
            [
                "AccessDenied",
                "AccessDeniedException",
                "AuthorizationError",
                "AuthorizationErrorException",
                "UnauthorizedOperation",
                "KmsAccessDenied",
                "KMSAccessDenied",
                "KMSAccessDeniedException",
                "NotAuthorized",
                "OptInRequired",
            ]
        ),
        SourceNotFoundError: frozenset(
            [
                "QueueDoesNotExist",
                "NonExistentQueue",
                "ResourceNotFoundException",
                "ResourceNotFound",
                "NotFound",
                "NotFoundException",
                "TableNotFoundException",
            ]
        ),
        ThrottledError: frozenset(
            [
                "Throttling",
                "ThrottlingException",
                "Throttled",
                "ThrottledException",
                "RequestThrottled",
                "RequestThrottledException",
                "TooManyRequestsException",
                "RequestLimitExceeded",
                "ProvisionedThroughputExceededException",
                "LimitExceededException",
                "SlowDown",
                "OverLimit",
                "KmsThrottled",
                "KMSThrottling",
                "KMSThrottlingException",
            ]
        ),
    }
)
_FAILED = frozenset(
    (
        "InternalFailure",
        "InternalError",
        "InternalServerError",
        "ServiceUnavailable",
        "RequestTimeout",
    )
)
_EXPIRED = frozenset(("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"))
_UNKNOWN_OPERATION = frozenset(("InvalidAction", "UnknownOperationException", "NotImplemented"))
_UNKNOWN_KEY = frozenset(
    ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId")
)
_SIGNATURE = frozenset(
    ["InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired"]
)
_BY_CLASS: Mapping[str, tuple[type[ConnectorError], str]] = MappingProxyType(
    {
        "ProfileNotFound": (
            ConnectorError,
            "name a profile that `aws configure list-profiles` shows",
        ),
        "NoCredentialsError": (AccessDeniedError, "name a profile, or log in with `aws login`"),
        "PartialCredentialsError": (AccessDeniedError, "set both the key id and the secret key"),
        "CredentialRetrievalError": (AccessDeniedError, "check how the profile gets credentials"),
        "UnauthorizedSSOTokenError": (AccessDeniedError, "log in again: aws sso login"),
        "SSOTokenLoadError": (AccessDeniedError, "log in: aws sso login"),
        "TokenRetrievalError": (AccessDeniedError, "log in again: aws sso login"),
        "NoRegionError": (ConnectorError, "name one: --region, AWS_REGION, or give the ARN"),
        "InvalidRegionError": (ConnectorError, "name a Region such as eu-central-1"),
        "EndpointConnectionError": (
            UnavailableError,
            "check the Region, the network, and that a server runs at the endpoint",
        ),
        "ConnectTimeoutError": (UnavailableError, "check the network and the proxy"),
        "ReadTimeoutError": (UnavailableError, "try again: the answer did not come in time"),
        "ConnectionClosedError": (UnavailableError, "try again: the connection broke"),
        "ResponseStreamingError": (UnavailableError, "try again: the connection broke"),
        "IncompleteReadError": (UnavailableError, "try again: the connection broke"),
        "SSLError": (ConnectorError, "check the proxy's certificate (AWS_CA_BUNDLE)"),
        "ProxyConnectionError": (UnavailableError, "check the proxy"),
        "HTTPClientError": (UnavailableError, "try again, or check the network and the proxy"),
        "ResponseParserError": (CorruptAnswerError, "try again; is something between us and AWS?"),
        "ParamValidationError": (ConnectorError, "check the source's name"),
    }
)
_LONGEST_TEXT = 400


def call(wanted: str, operation: Callable[..., Any], /, **parameters: Any) -> dict[str, Any]:
    """AWS's answer, without ResponseMetadata.

    Args:
        wanted: What is asked for, as a person would say it; begins the message of an error.
        operation: A client's method.
        **parameters: As the operation takes them.

    Raises:
        ConnectorError: Or one of its classes; the cause is what boto3 raised.

    Example:
        >>> call("the queue", lambda **_: {"QueueUrl": "u", "ResponseMetadata": {}})
        {'QueueUrl': 'u'}
    """
    try:
        answer = operation(**parameters)
    except ConnectorError:
        raise
    except Exception as error:
        raise classify(error, wanted) from error
    if not isinstance(answer, dict):
        raise CorruptAnswerError(
            f"{wanted}: an answer was wanted, found {type(answer).__name__}; try again"
        )
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def classify(error: Exception, wanted: str) -> ConnectorError:
    """Our error for one that boto3 raised: what was wanted, what was found, what to do.

    Example:
        >>> classify(UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), "records of orders")
        CorruptAnswerError(...)

    Source: botocore.exceptions; each service's list of common errors.
    """
    if _response(error):
        return _from_answer(error, wanted)
    for ancestor in type(error).__mro__:
        if ancestor.__name__ in _BY_CLASS:
            kind, advice = _BY_CLASS[ancestor.__name__]
            return kind(_line(wanted, str(error), advice))
    if type(error).__module__.startswith(("botocore.", "boto3.", "urllib3.")):
        return ConnectorError(_line(wanted, _named(error), _ADVICE[ConnectorError]))
    # botocore parses an answer without a net: what is left is an answer it could not read.
    advice = "try again; is something between us and AWS?"
    return CorruptAnswerError(_line(wanted, f"unreadable answer ({_named(error)})", advice))


def aws_code(error: BaseException) -> str:
    """AWS's error code behind one of our errors, without SQS's old prefix; "" where there is none.

    Example:
        >>> aws_code(ValueError("not from AWS"))
        ''
    """
    response = _response(error) or _response(error.__cause__)
    return str(response.get("Error", {}).get("Code", "")).rsplit(".", 1)[-1]


def is_throttle(code: str) -> bool:
    """Whether AWS's error code asks to slow down.

    Example:
        >>> is_throttle("ProvisionedThroughputExceededException")
        True
    """
    return code.rsplit(".", 1)[-1] in _CODES[ThrottledError]


def is_unknown_operation(error: ConnectorError) -> bool:
    """Whether a server does not know an operation at all: a local one that has not all of AWS's.

    Example:
        >>> is_unknown_operation(ConnectorError("not from a server"))
        False
    """
    return aws_code(error) in _UNKNOWN_OPERATION


def raise_or_note(error: ConnectorError, earlier: BaseException | None) -> None:
    """Raise what went wrong while cleaning up, or note it on the error that came first.

    Example:
        >>> first = ValueError("first")
        >>> raise_or_note(ConnectorError("then"), first)
        >>> first.__notes__
        ['then']
    """
    if earlier is None:
        raise error
    earlier.add_note(str(error))


def _response(error: BaseException | None) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) and "Error" in response else {}


def _from_answer(error: Exception, wanted: str) -> ConnectorError:
    code = aws_code(error)
    found = f"{code} ({_response(error)['Error'].get('Message', '')})"
    if code in _EXPIRED:
        return AccessDeniedError(_line(wanted, found, "the credentials have expired: log in again"))
    if code in _UNKNOWN_KEY:
        return AccessDeniedError(_line(wanted, found, "AWS does not know this key: check it"))
    if code in _SIGNATURE:
        return AccessDeniedError(_line(wanted, found, _clock_advice(error)))
    for kind, codes in _CODES.items():
        if code in codes:
            return kind(_line(wanted, found, _ADVICE[kind]))
    kind = UnavailableError if code in _FAILED else _by_status(error)
    return kind(_line(wanted, found, _ADVICE[kind]))


def _by_status(error: Exception) -> type[ConnectorError]:
    """What an answer is by its HTTP status alone, where AWS's code says nothing to us."""
    status = int(_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status == 429:
        return ThrottledError
    if 300 <= status < 400:
        return CorruptAnswerError  # no service redirects: somebody else has answered
    return UnavailableError if status >= 500 else ConnectorError


def _clock_advice(error: Exception) -> str:
    headers = _response(error).get("ResponseMetadata", {}).get("HTTPHeaders", {})
    told = f" (AWS's clock says {headers['date']})" if "date" in headers else ""
    return f"compare this machine's clock{told}, then the secret key"


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _line(wanted: str, found: str, advice: str) -> str:
    one_line = " ".join(found.split())
    if len(one_line) > _LONGEST_TEXT:
        one_line = one_line[:_LONGEST_TEXT] + "…"
    return f"{wanted}: {one_line}; {advice}"
