"""Where a template's code is: beside it, built, packed, or in it; and what a hostile zip file cannot do."""

import os
import stat
import zipfile
from pathlib import Path

import pytest

from workbench.errors import HandlerError
from workbench.replay.functions import template_code
from workbench.replay.functions.template_code import Code, changed_since, code_of

TEMPLATE = "template.yaml"


def zipped(file, entries):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


@pytest.mark.parametrize(
    ("properties", "metadata", "place"),
    [
        ({"CodeUri": "src"}, {}, "src"),
        ({"CodeUri": "./src/"}, {}, "src"),
        ({"Code": "src"}, {}, "src"),
        ({"CodeUri": "src/app.py"}, {}, "src"),
        ({"CodeUri": "app.zip"}, {}, "app.zip"),
        ({"Code": {"S3Bucket": "cdk", "S3Key": "0abc.zip"}}, {}, "asset.0abc"),
        (
            {"Code": {"S3Bucket": "cdk", "S3Key": "0.zip"}},
            {"aws:asset:path": "asset.0abc", "aws:asset:property": "Code"},
            "asset.0abc",
        ),
    ],
)
def test_code_is_found_from_the_templates_folder(tmp_path, properties, metadata, place):
    for folder in ("src", "asset.0abc"):
        (tmp_path / folder).mkdir()
    (tmp_path / "src" / "app.py").write_text("")
    zipped(tmp_path / "app.zip", {"app.py": ""})
    found = code_of(properties, metadata, tmp_path / TEMPLATE, "python3.12")
    assert found == Code((tmp_path / place).resolve())


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ({"CodeUri": "s3://bucket/key"}, "in a bucket"),
        ({"Code": {"S3Bucket": "b", "S3Key": "k.zip"}}, "in a bucket"),
        ({}, "in a bucket"),
        ({"CodeUri": "gone"}, "which is not there"),
        ({"PackageType": "Image", "Code": {"ImageUri": "x"}}, "container image"),
        ({"CodeUri": "/"}, "more than code"),
        ({"CodeUri": str(Path.home())}, "more than code"),
    ],
)
def test_code_that_cannot_be_had_is_said_with_its_reason(tmp_path, properties, why):
    found = code_of(properties, {}, tmp_path / TEMPLATE, "python3.12")
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize(
    ("runtime", "name"), [("python3.12", "index.py"), ("nodejs22.x", "index.js")]
)
@pytest.mark.parametrize(
    "properties", [{"Code": {"ZipFile": "code"}}, {"InlineCode": "code", "CodeUri": "."}]
)
def test_inline_code_is_a_file_called_index(tmp_path, runtime, name, properties):
    found = code_of(properties, {}, tmp_path / TEMPLATE, runtime)
    with found.unpacked() as folder:
        assert (folder / name).read_text() == "code"
    assert not folder.exists()


def test_a_folder_is_used_where_it_is(tmp_path):
    with Code(tmp_path).unpacked() as folder:
        assert folder == tmp_path


def test_a_zip_file_is_unpacked_for_the_run_and_its_programs_stay_programs(tmp_path):
    file = zipped(tmp_path / "app.zip", {"pkg/app.py": "x = 1"})
    with zipfile.ZipFile(file, "a") as archive:
        program = zipfile.ZipInfo("bootstrap")
        program.external_attr = 0o755 << 16
        archive.writestr(program, "#!/bin/sh")
    with Code(file).unpacked() as folder:
        assert (folder / "pkg" / "app.py").read_text() == "x = 1"
        assert os.access(folder / "bootstrap", os.X_OK)
        assert not os.access(folder / "pkg" / "app.py", os.X_OK) or os.geteuid() != 0
    assert not folder.exists()


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "a/../../outside.py"])
def test_a_zip_file_that_leads_out_of_its_folder_is_refused(tmp_path, name):
    file = zipped(tmp_path / "app.zip", {name: "x"})
    with pytest.raises(HandlerError, match="stays in its folder"), Code(file).unpacked():
        pass


def test_a_link_in_a_zip_file_is_no_link(tmp_path):
    file = tmp_path / "app.zip"
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("etc")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc")
        archive.writestr("etc2", "x")
    with Code(file).unpacked() as folder:
        assert not (folder / "etc").is_symlink()


def test_a_zip_file_larger_than_lambda_takes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(template_code, "UNZIPPED_BYTES_MOST", 100_000)
    file = zipped(tmp_path / "app.zip", {"zeros": b"\0" * 100_001})
    with pytest.raises(HandlerError, match="at most 100000 bytes"), Code(file).unpacked():
        pass


def test_a_broken_zip_file_is_one_line(tmp_path):
    file = zipped(tmp_path / "app.zip", {"app.py": "x" * 1_000})
    file.write_bytes(file.read_bytes().replace(b"\x1f\x8b", b"").replace(b"app.py", b"bpp.py", 1))
    with pytest.raises(HandlerError, match=r"app\.zip"), Code(file).unpacked():
        pass


def test_only_a_source_that_is_newer_counts_as_a_change(tmp_path):
    built, source = tmp_path / "built", tmp_path / "src" / "app.py"
    (tmp_path / "src" / "node_modules").mkdir(parents=True)
    for file, at in ((source, 100), (built, 200), (tmp_path / "src/node_modules/x.js", 900)):
        file.write_text("")
        os.utime(file, (at, at))
    assert changed_since(tmp_path / "src", built) is None
    os.utime(source, (300, 300))
    assert changed_since(tmp_path / "src", built) == source
