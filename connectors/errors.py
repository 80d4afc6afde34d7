"""What can go wrong while reading AWS, one level deep.

ConnectorError
  AccessDeniedError      no credentials, or not the right to make a call
  SourceNotFoundError    no such queue, topic, stream, table or log group
  ThrottledError         AWS asked us to slow down, again and again
  UnavailableError       AWS was not reached, or failed on its own side: the same call may succeed later
  OperationRefusedError  our own guard: the operation is not on the allowlist, nothing was sent
  CorruptAnswerError     an answer that lacks what AWS always sends
  UnrecognisedError      a file that is none of the formats we know

A class stands here only because someone catches it. Messages say what was wanted, what was found, what to do.
"""


class ConnectorError(Exception):
    """Root of everything this package raises on purpose."""


class AccessDeniedError(ConnectorError):
    """No credentials, or not the right to make a call."""


class SourceNotFoundError(ConnectorError):
    """No such queue, topic, stream, table or log group in this account and Region."""


class ThrottledError(ConnectorError):
    """AWS asked us to slow down, again and again."""


class UnavailableError(ConnectorError):
    """AWS was not reached, or failed on its own side; the same call may succeed later."""


class OperationRefusedError(ConnectorError):
    """The operation is not on the allowlist; nothing was sent."""


class CorruptAnswerError(ConnectorError):
    """An answer without the members that AWS always sends; never taken for an empty one or an end."""


class UnrecognisedError(ConnectorError):
    """A file, or a document in one, that is none of the formats we know."""
