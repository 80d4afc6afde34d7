"""The code that a template names: a folder beside it, a zip file, or lines in the template itself."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from workbench.errors import HandlerError

UNZIPPED_BYTES_MOST = 262_144_000
"""What Lambda takes: 250 MB."""
FILES_MOST = 100_000
"""Assumed: as many entries as are looked at, in a zip file or for the newest change in a folder."""
_NOT_SOURCE = {".aws-sam", ".git", ".venv", "node_modules", "__pycache__", "cdk.out"}


@dataclass(frozen=True, slots=True)
class Code:
    """Where a function's code is."""

    place: Path
    """A folder or a zip file; of inline code the template."""
    inline: str | None = None
    file_name: str = ""
    """Of inline code: `index.py`, `index.js`."""

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """The folder to run it from, as long as the block lasts.

        Raises:
            HandlerError: a zip file that cannot be read, is larger than Lambda takes, or leads out of its folder.
        """
        if self.inline is None and self.place.is_dir():
            yield self.place
            return
        with tempfile.TemporaryDirectory(prefix="replay-code-") as name:
            folder = Path(name).resolve()
            if self.inline is not None:
                (folder / self.file_name).write_text(self.inline, encoding="utf-8")
            else:
                _unzip(self.place, folder)
            yield folder


def code_of(
    properties: Mapping[str, Any],
    metadata: Mapping[str, Any],
    template: Path,
    runtime: str,
) -> Code | str:
    """Where the function's code is; a text where it is not here, which says why.

    Args:
        properties: of the function, resolved: `CodeUri`, `InlineCode` (SAM); `Code` (CloudFormation, CDK).
        metadata: of the resource; CDK says in `aws:asset:path` where the code lies.
        template: the file; what it names is relative to its folder.
        runtime: decides how a file of inline code is called.

    Source: SAM developer guide, "AWS::Serverless::Function"; CloudFormation template reference,
    "AWS::Lambda::Function Code"; CDK, "Asset metadata".
    """
    folder, code = template.parent, properties.get("Code", {})
    inline = properties.get("InlineCode") or (
        code.get("ZipFile") if isinstance(code, Mapping) else None
    )
    if isinstance(inline, str):
        return Code(template, inline, "index.js" if runtime.startswith("nodejs") else "index.py")
    if properties.get("PackageType") == "Image":
        return "a container image, which is not unpacked; name the handler and its folder"
    asset = metadata.get("aws:asset:path")
    if isinstance(asset, str) and metadata.get("aws:asset:property", "Code") == "Code":
        return _existing(folder / asset)
    named = properties.get("CodeUri", code)
    if isinstance(named, str) and not named.startswith(("s3://", "https://")):
        return _existing(folder / named)
    key = named.get("S3Key", named.get("Key")) if isinstance(named, Mapping) else None
    if isinstance(
        key, str
    ):  # CDK calls an asset by its hash, in the bucket and beside the template
        for built in (f"asset.{Path(key).stem}", f"asset.{key}"):
            if (folder / built).exists():
                return Code((folder / built).resolve())
    return "in a bucket, and nothing is downloaded; use a template whose code lies beside it"


def built_template(template: Path) -> Path | None:
    """What `sam build` made of the template, beside it; None where it was not built or is a built one."""
    built = template.parent / ".aws-sam" / "build" / "template.yaml"
    return built if built.is_file() else None


def changed_since(folder: Path, built: Path) -> Path | None:
    """A file of the code that is newer than what was built of it; None where there is none."""
    built_at, looked_at = built.stat().st_mtime, 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _NOT_SOURCE)
        for name in files:
            looked_at += 1
            file = Path(place, name)
            if looked_at > FILES_MOST:
                return None
            if file.lstat().st_mtime > built_at:
                return file
    return None


def _existing(place: Path) -> Code | str:
    place = place.resolve()
    # A handler may read its folder: no template opens a home to it.
    if Path.home().is_relative_to(place):
        return f"at {place}, which holds more than code"
    if place.is_dir() or zipfile.is_zipfile(place):
        return Code(place)
    if place.is_file():  # `CodeUri: app.py` packs the one file; its folder is what it is found from
        return Code(place.parent)
    return f"at {place}, which is not there"


def _unzip(file: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
            if size > UNZIPPED_BYTES_MOST or len(entries) > FILES_MOST:
                raise HandlerError(
                    f"wanted code of at most {UNZIPPED_BYTES_MOST} bytes in {FILES_MOST} files, "
                    f"found {size} in {len(entries)} in {file}"
                )
            for entry in entries:
                _extract(archive, entry, folder)
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
        raise HandlerError(f"wanted the code in {file}, found a zip file that {error}") from error


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    inner = PurePosixPath(entry.filename)
    if inner.is_absolute() or ".." in inner.parts:
        raise HandlerError(
            f"wanted code that stays in its folder, found {entry.filename} in {archive.filename}"
        )
    place = folder / inner
    if entry.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as packed, place.open("wb") as unpacked:
        # A zip file may promise less than it holds; Python's reader ends at what was promised.
        shutil.copyfileobj(packed, unpacked)
    place.chmod(0o755 if (entry.external_attr >> 16) & 0o111 else 0o644)
