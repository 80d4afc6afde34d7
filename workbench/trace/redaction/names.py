"""Names of fields, headers and variables whose values are secret whatever they look like."""

import re
from collections.abc import Iterator, Mapping

from workbench.trace.redaction.actions import Action

WITHIN = (
    "password", "passwd", "passphrase", "secret", "api key", "access key", "private key", "authorization",
    "credential", "cookie", "access token", "refresh token", "id token", "auth token", "session token",
    "security token", "bearer token", "card number", "credit card", "iban", "social security",
)  # fmt: skip
"""Anywhere in a name, however it is spelt: `api_key`, `apiKey`, `X-Api-Key`."""
WHOLE = (
    "token", "pwd", "pass", "pin", "ssn", "cvv", "cvc", "cvv2", "auth", "jwt", "pan", "otp", "session id",
    "date of birth", "birth date", "tax id", "passport", "passport number",
)  # fmt: skip
"""The whole name."""
ABOUT = ("arn", "id", "name", "type", "count", "policy", "version", "at", "length", "label")
"""A name that ends so speaks of a secret and does not hold it: `SecretArn`, `tokenType`."""
KNOWN_MOST = 10_000
NAMED = re.compile(r"\b[\w-]{2,64}+(?=[\"'\\ ]{0,8}[:=>])", re.ASCII)
"""A name with what makes it one behind it: `name:`, `"name" :`, `name=`, `<name>`, `\\"name\\":`."""


def plain(name: str) -> str:
    """The letters and digits of a name, in lower case.

    Example:
        >>> plain("X-Api-Key")
        'xapikey'
    """
    return "".join(each for each in name.lower() if each.isalnum())


class Names:
    """Which names are secret, and what is done with their values.

    Args:
        detect: whether the names that are known to be secret count.
        own: a profile's own names, whole; they come first.

    Example:
        >>> Names(True, {}).action("customerPassword"), Names(True, {}).action("passwordCount")
        (<Action.TOKEN: 'token'>, None)
    """

    def __init__(self, detect: bool, own: Mapping[str, Action]) -> None:
        self._own = {plain(name): action for name, action in own.items()}
        self._within = tuple(map(plain, WITHIN)) if detect else ()
        self._whole = set(map(plain, WHOLE)) if detect else set()
        self._known: dict[str, Action | None] = {}
        self._harmless: set[str] = set()

    def action(self, name: str) -> Action | None:
        """What is done with the value of that name; None: nothing."""
        if name not in self._known:
            if len(self._known) > KNOWN_MOST:
                self._known, self._harmless = {}, set()
            self._known[name] = self._judge(plain(name))
            if self._known[name] is None:
                self._harmless.add(name)
        return self._known[name]

    def found_in(self, text: str) -> Iterator[tuple[int, int, Action]]:
        """Where each such name begins and ends in the text, and what is done with its value."""
        names = set(NAMED.findall(text))
        if names <= self._harmless or all(self.action(name) is None for name in names):
            return
        for found in NAMED.finditer(text):
            action = self.action(found[0])
            if action is not None:
                yield found.start(), found.end(), action

    def _judge(self, name: str) -> Action | None:
        if name in self._own:
            return self._own[name]
        if name in self._whole:
            return Action.TOKEN
        if any(word in name for word in self._within) and not name.endswith(ABOUT):
            return Action.TOKEN
        return None
