"""Models signed by a key: with a public key configured, nothing is loaded that it has not signed."""

from __future__ import annotations

import functools
import json
import shutil
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException
from model_signing import verifying

import forecastops as fo
from command import Command
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.model_artifact import folder_sha256
from process_state import as_before
from stories import require_settled
from tampering import Tampering, files_of, tampered, tamperings
from test_verified_files import in_process, reboot
from workshop import FIXED, PAST, WHOLE, Stage, Workshop

PASSWORD = "correct-horse-battery"


@dataclass(frozen=True)
class Key:
    """A key pair as files."""

    private: Path
    public: Path
    certificate: Path

    @property
    def signs(self) -> list[str]:
        """What lets a command sign with it."""
        return ["--set", f"signing.private_key={self.private}"]

    @property
    def asked(self) -> list[str]:
        """What has a command ask for it."""
        return ["--set", f"signing.public_key={self.public}"]


def make_key(folder: Path, name: str, password: str | None = None) -> Key:
    """Write a key pair, and a certificate of it that has expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    sealed: Any = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    found = Key(folder / f"{name}.pem", folder / f"{name}.pub", folder / f"{name}.crt")
    pem = serialization.Encoding.PEM
    found.private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, sealed))
    public = key.public_key()
    found.public.write_bytes(public.public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    who, then = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime(2020, 1, 1, tzinfo=timezone.utc)
    builder = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(public).serial_number(1)
    certificate = builder.not_valid_before(then).not_valid_after(then + timedelta(days=1)).sign(key, hashes.SHA256())
    found.certificate.write_bytes(certificate.public_bytes(pem))
    return found


@pytest.fixture(scope="module")
def keys(workshop: Workshop) -> tuple[Key, Key]:
    folder = workshop.forecastops.folder
    return make_key(folder, "first", PASSWORD), make_key(folder, "second")


@pytest.fixture
def sealed(stage: Stage, keys: tuple[Key, Key]) -> Stage:
    """The stage, its commands told the password."""
    command = stage.workshop.forecastops
    environment = command.environment | {"FORECASTOPS_SIGNING_PASSWORD": PASSWORD}
    return replace(stage, workshop=replace(stage.workshop, forecastops=Command(command.folder, environment)))


@pytest.fixture(scope="module")
def signed_runs(workshop: Workshop, keys: tuple[Key, Key]) -> tuple[str, str]:
    """Two trained runs, signed by the first key."""
    command = workshop.forecastops
    signing = Command(command.folder, command.environment | {"FORECASTOPS_SIGNING_PASSWORD": PASSWORD})
    first, second = (
        str(signing.ok("train", "--data", path, *FIXED, *keys[0].signs)["run_id"]) for path in (PAST, WHOLE)
    )
    return first, second


def test_what_is_signed_is_loaded_everywhere_and_nothing_else(
    sealed: Stage, keys: tuple[Key, Key], signed_runs: tuple[str, str]
) -> None:
    stage, (key, other), (first, second) = sealed, keys, signed_runs
    for run_id in (stage.workshop.first, first):
        asked = key.asked if run_id == stage.workshop.first else other.asked
        refused = stage.run("evaluate", "--run-id", run_id, *asked)
        assert refused.code == 1
        assert f"run {run_id}" in refused.error
        assert "is not signed by any key of signing.public_key" in refused.error
    stage.evaluate(first, *key.asked)
    version = stage.promote(first, *key.asked)["version"]
    assert stage.ok("status", *key.asked)["files"] == {
        "state": "verified",
        "sha256": stage.tags(version)["forecastops.model.sha256"],
        "signed": True,
    }
    assert stage.ok("forecast", *key.asked)["version"] == version
    unsigned = stage.run("renew", "--data", WHOLE, *other.asked)
    assert "is not signed by any key" in unsigned.error

    # What could be loaded nowhere is not made.
    for options, said in ((key.asked, "is to make"), ([*key.asked, *other.signs], "cannot make")):
        refused = stage.run("renew", "--data", WHOLE, *options)
        assert refused.code == 2
        assert said in refused.error
    refused = stage.run("train", "--data", PAST, *key.asked)
    assert "signing.private_key" in refused.error
    assert list(stage.versions()) == [version]
    renewed = stage.renew(WHOLE, *key.asked, *key.signs)["version"]
    require_settled(stage, renewed)
    stage.evaluate(second, *key.asked)
    promoted = stage.promote(second, *key.asked, *key.signs)["version"]
    back = stage.ok("rollback", "--reason", "as before", *key.asked, *key.signs)
    assert back["promoted"]
    assert stage.ok("status", *key.asked)["consistent"]
    # Plain MLflow asks too, since the deployment was told the key.
    endpoints, name = get_deploy_client("forecastops-local"), stage.model
    assert endpoints.update_deployment(name, f"models:/{name}/{promoted}")["state"] == "Healthy"
    run = stage.client.get_run(stage.workshop.second)
    with pytest.raises(MlflowException, match="is not signed by any key"):
        endpoints.update_deployment(
            name, f"{run.info.artifact_uri}/model", config={"model_sha256": run.data.tags["forecastops.model.sha256"]}
        )
    assert endpoints.get_deployment(name)["model_uri"] == f"models:/{name}/{promoted}"


def test_no_secret_of_the_key_is_left_anywhere(
    sealed: Stage, keys: tuple[Key, Key], signed_runs: tuple[str, str]
) -> None:
    stage, (key, _) = sealed, keys
    stage.evaluate(signed_runs[0], *key.asked)
    stage.promote(signed_runs[0], *key.asked)
    secret = key.private.read_bytes().splitlines()[1]
    for path in stage.workshop.forecastops.folder.rglob("*"):
        if path.is_file() and path != key.private:
            data = path.read_bytes()
            assert PASSWORD.encode() not in data, path
            assert secret not in data, path


def test_who_may_write_tags_and_artifacts_passes_no_signature(
    sealed: Stage, keys: tuple[Key, Key], signed_runs: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, (key, _), (first, second) = sealed, keys, signed_runs
    stage.evaluate(first, *key.asked)
    version = stage.promote(first, *key.asked)["version"]
    digest = stage.tags(version)["forecastops.model.sha256"]
    folder, other = files_of(stage.client, first), files_of(stage.client, second)
    endpoints, uri = get_deploy_client("forecastops-local"), f"models:/{stage.model}/{version}"
    monkeypatch.chdir(stage.workshop.forecastops.folder)
    count = 0
    for number, tampering in enumerate(tamperings(folder, other, tmp_path / "mark")):
        # The signature's own bytes; and of the other files every fifth way.
        if "signatures/" not in tampering.name and "all files" not in tampering.name and number % 5:
            continue
        with tampered(folder, tampering):
            altered = digest_or(folder, digest)
            stage.client.set_model_version_tag(stage.model, version, "forecastops.model.sha256", altered)
            with pytest.raises(MlflowException, match=uri):
                endpoints.update_deployment(stage.model, uri)
            assert in_process(stage, "forecast", *key.asked).exit_code == 1, tampering.name
            count += 2
    stage.client.set_model_version_tag(stage.model, version, "forecastops.model.sha256", digest)
    assert count >= 30
    assert not (tmp_path / "mark").exists()
    require_settled(stage, version)


def digest_or(folder: Path, otherwise: str) -> str:
    """The digest that a folder has now, where it can have one."""
    try:
        return folder_sha256(folder)
    except Exception:  # noqa: BLE001
        return otherwise


def test_champions_from_before_are_signed_by_a_command_that_says_why(
    sealed: Stage, keys: tuple[Key, Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, (key, other) = sealed, keys
    version = stage.first_champion()
    digest = stage.tags(version)["forecastops.model.sha256"]
    found = stage.ok("status", *key.asked)
    assert (found["files"]["state"], found["consistent"]) == ("altered", False)
    assert "forecastops sign --version" in found["problems"][0]
    refused = stage.run("sign", "--version", version, "--reason", "seen")
    assert "set signing.private_key to a PEM file" in refused.error
    for signer in (key, other):
        told = stage.ok("sign", "--version", version, "--reason", "seen in May", *signer.signs)
        assert (told["version"], told["sha256"]) == (version, digest)
        about = json.loads(stage.tags(version)["forecastops.signed"])
        assert (about["reason"], about["key"]) == ("seen in May", told["key"])
        assert stage.ok("status", *signer.asked)["files"]["signed"]
    again = stage.ok("sign", "--version", version, "--reason", "once more", *key.signs)
    assert "already" in again["note"]
    config = fo.load_config(overrides=[*stage.options()[1::2], *key.signs[1::2]])
    monkeypatch.setenv("FORECASTOPS_SIGNING_PASSWORD", PASSWORD)
    with as_before():
        assert fo.sign(int(version), "once more", config).to_dict() == again
    # While keys change, either is enough; a certificate stands for its key.
    both = ["--set", f"signing.public_key=[{make_key(key.public.parent, 'third').public}, {other.certificate}]"]
    assert stage.ok("status", *both)["consistent"]
    assert stage.ok("forecast", *both)["version"] == version

    reboot(stage)
    assert "its endpoint was repaired" in stage.promote(stage.workshop.first, *both)["note"]
    require_settled(stage, version)
    # The library knows it without us.
    folder, alone = files_of(stage.client, stage.workshop.first), stage.workshop.forecastops.folder / "alone"
    (signature,) = [path for path in folder.glob("signatures/*.sig") if told["key"].startswith(path.stem)]
    shutil.copytree(folder, alone, ignore=shutil.ignore_patterns("signatures"))
    verifying.Config().use_elliptic_key_verifier(public_key=other.public).verify(alone, signature)


def test_files_that_were_altered_are_not_signed(sealed: Stage, keys: tuple[Key, Key], tmp_path: Path) -> None:
    stage, (_, key) = sealed, keys
    version = stage.first_champion()
    folder = files_of(stage.client, stage.workshop.first)
    every = {one.name: one for one in tamperings(folder, folder, tmp_path / "mark")}
    signatures = sorted((folder / "signatures").glob("*"))  # of other tests: the runs are shared
    third = make_key(key.private.parent, "fourth")
    with tampered(folder, every["data/forecaster/series.csv with its last byte changed"]):
        refused = stage.run("sign", "--version", version, "--reason", "unseen", *third.signs)
        assert refused.code == 1
        assert "its files are not those that were logged" in refused.error
        assert sorted((folder / "signatures").glob("*")) == signatures
    assert "forecastops.signed" not in stage.tags(version)


def test_files_that_change_after_they_were_proven_are_not_signed(sealed: Stage, keys: tuple[Key, Key]) -> None:
    stage, key = sealed, make_key(keys[0].private.parent, "fifth")
    version = stage.first_champion()
    folder, digest = files_of(stage.client, stage.workshop.first), stage.tags(version)["forecastops.model.sha256"]
    with tampered(folder, Tampering("nothing yet", lambda _: None)):
        before = functools.partial(change_once_proven, folder / "data/forecaster/series.csv")
        assert stage.run("sign", "--version", version, "--reason", "seen", *key.signs, before=before).code == 1
        # Whoever has altered them writes the tag, too.
        altered = folder_sha256(folder)
        assert altered != digest
        stage.client.set_model_version_tag(stage.model, version, "forecastops.model.sha256", altered)
        assert "series.csv is not as it was signed" in stage.run("forecast", *key.asked).error
    stage.client.set_model_version_tag(stage.model, version, "forecastops.model.sha256", digest)


def change_once_proven(series: Path) -> None:
    """Let somebody change the files once the command has downloaded and proven them."""
    download, data = ModelRegistry.download, series.read_bytes()
    done: list[str] = []

    def wrapped(self: ModelRegistry, version: str, into: Path) -> Path:
        if done == ["once"]:
            series.write_bytes(data + b"\n")
        done.append("once")
        return download(self, version, into)

    setattr(ModelRegistry, download.__name__, wrapped)


@pytest.mark.parametrize(
    ("setting", "content", "said"),
    [
        ("public_key", None, "cannot be read: No such file"),
        ("public_key", b"nothing", "cannot be used"),
        ("private_key", b"nothing", "cannot be used"),
        ("private_key", "another kind", "only keys on secp256r1"),
        ("private_key", "sealed", "FORECASTOPS_SIGNING_PASSWORD"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_before_anything_is_done(
    stage: Stage, keys: tuple[Key, Key], tmp_path: Path, setting: str, content: bytes | str | None, said: str
) -> None:
    path = keys[0].private if content == "sealed" else tmp_path / "key.pem"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "another kind":
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        path.write_bytes(ed25519.Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, form, plain))
    refused = stage.run("train", "--data", PAST, "--set", f"signing.{setting}={path}")
    assert refused.code == 2
    assert said in refused.error
    assert f"signing.{setting} {path}" in refused.error
    assert "fitting" not in refused.stderr


def without_the_library() -> None:
    """Let the library be absent from this process."""
    sys.modules["model_signing"] = None  # type: ignore[assignment]


def test_the_library_is_needed_only_where_a_key_is_configured(stage: Stage, keys: tuple[Key, Key]) -> None:
    assert stage.run("status", before=without_the_library).code == 0
    refused = stage.run("train", "--data", PAST, *keys[1].signs, before=without_the_library)
    assert refused.code == 2
    assert "pip install 'mlflow-forecastops[signing]'" in refused.error
    refused = stage.run("evaluate", "--run-id", stage.workshop.first, *keys[1].asked, before=without_the_library)
    assert "pip install 'mlflow-forecastops[signing]'" in refused.error
