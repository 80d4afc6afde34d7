"""The key that makes tokens: 32 random bytes in a file of its own, never in the trace, never shown."""

import base64
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import UsageError

KEY_BYTES = 32
KEY_NAME = "redaction.key"


@dataclass(frozen=True, slots=True)
class Key:
    """Makes tokens; its bytes are not in its `repr`."""

    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """Tells two keys apart without telling either."""
        return self._digest("key id", b"").hex()[:16]

    def token(self, kind: str, canonical: str) -> str:
        """The token of a value: equal for equal values under one key, and not to be turned back without it.

        Example:
            >>> Key(bytes(32)).token("email", "bob@example.com")
            'tok_email_...'
        """
        digest = self._digest(kind, canonical.encode("utf-8", "surrogatepass"))
        return f"tok_{kind}_{base64.b32encode(digest)[:26].decode('ascii').lower()}"

    def number(self, kind: str, digits: str) -> str:
        """The same for what must stay a number: as many digits, the first a 9."""
        digest = int.from_bytes(self._digest(kind, digits.encode("ascii")))
        places = max(len(digits) - 1, 0)
        return f"9{digest % 10**places:0{places}d}" if places else "9"

    def fingerprint(self, payload: bytes) -> bytes:
        """Sixteen bytes that are equal when two payloads were, before they were redacted."""
        return self._digest("payload", payload)[:16]

    def _digest(self, kind: str, content: bytes) -> bytes:
        return hmac.digest(self.secret, kind.encode("ascii") + b"\0" + content, "sha256")


def default_key_file() -> Path:
    """Where a person's key is kept: `redaction.key` in the configuration folder, outside every trace."""
    configuration = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(configuration) / "replay-workbench" / KEY_NAME


def load_key(file: Path, outside: Path) -> Key:
    """The key in `file`; made on first use, private to its owner.

    Args:
        file: where it is.
        outside: the trace, which must not hold it.

    Raises:
        UsageError: the file is in the trace, open to others, no key, or cannot be made.
    """
    if file.resolve().is_relative_to(outside.resolve()):
        raise UsageError(
            f"wanted a key outside the trace, found {file} inside it; who has the trace must not have the key"
        )
    try:
        if not file.exists():
            _make(file)
        mode, secret = file.stat().st_mode & 0o777, file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"wanted a redaction key in {file}, found {error.strerror}; name another with --redact-key"
        ) from error
    if mode & 0o077:
        raise UsageError(
            f"wanted {file} for its owner alone (0600), found {mode:04o}; run chmod 600 {file}"
        )
    if len(secret) != KEY_BYTES:
        raise UsageError(
            f"wanted {KEY_BYTES} random bytes in {file}, found {len(secret)}; name another with --redact-key"
        )
    return Key(secret)


def _make(file: Path) -> None:
    """A new key, whole on disk under a name of its own before it gets this one; never over a key made meanwhile."""
    file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    aside = file.with_name(f"{file.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(aside, file)
    except FileExistsError:
        pass  # two captures began at once: both use the first one's
    finally:
        aside.unlink()
