"""Signatures of models by a key, made and verified offline with the OpenSSF model-signing library.

A signature is a file of the model's folder, named after its key, so that several keys may sign. It covers every other
file, and names the run that these files are of. The library is imported only where a key is configured.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from forecastops.core.distribution import install_command
from forecastops.core.errors import ConfigError, ModelError
from forecastops.core.signing_config import SigningConfig

__all__ = ["SIGNATURES", "Signer", "Trusted"]

SIGNATURES = "signatures"  # the folder of a model's signatures
_PASSWORD = "FORECASTOPS_SIGNING_PASSWORD"  # noqa: S105 - the variable's name
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_SHOWN = 12  # characters of a key's name in messages

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Trusted:
    """The public keys of which one must have signed a model; none where signatures are not asked for.

    Attributes:
        keys: PEM texts.
    """

    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: SigningConfig) -> Trusted:
        """Read the configured keys.

        Raises:
            ConfigError: when a file holds none that can be used, or the library is missing.
        """
        return cls.read(config.public_keys)

    @classmethod
    def read(cls, paths: Iterable[str]) -> Trusted:
        """Read files of public keys or certificates; of a certificate its key counts, and nothing else.

        Raises:
            ConfigError: when a file holds none that can be used, or the library is missing.
        """
        return cls(tuple(_public_key(path) for path in paths))

    @property
    def names(self) -> list[str]:
        """The names of the keys: the digests by which signatures refer to them."""
        return [_name_of(key) for key in self.keys]

    def require(self, files: Files, run_id: str | None, place: str) -> None:
        """Do nothing where one of the keys has signed these files of that run, or no signature is asked for.

        Args:
            files: of the model, with its signatures.
            run_id: the run that the files are of; None where it is not known.
            place: what messages call the model.

        Raises:
            ModelError: saying which signature is missing or does not hold.
        """
        if not self.keys:
            return
        failures = []
        for key, name in zip(self.keys, self.names, strict=True):
            signature = files.get(_file_of(name))
            if signature is None:
                continue
            try:
                _verify(files, signature, key, run_id)
                return
            except ValueError as error:
                failures.append(f"its signature by key {name[:_SHOWN]} does not hold: {error}")
        shown = ", ".join(name[:_SHOWN] for name in self.names)
        what = failures[0] if failures else f"is not signed by any key of signing.public_key ({shown})"
        remedy = "train or renew with signing.private_key, or look at it and sign it: forecastops sign --version N"
        raise ModelError(place, what, remedy)


@dataclass(frozen=True)
class Signer:
    """The private key that signs models.

    Attributes:
        path: its PEM file.
        public_key: its public half, a PEM text.
    """

    path: str
    public_key: str

    @property
    def name(self) -> str:
        """The digest of its public half, by which signatures refer to it."""
        return _name_of(self.public_key)

    @classmethod
    def of(cls, config: SigningConfig) -> Signer | None:
        """Read the configured key; None where there is none, and no signature is asked for.

        Raises:
            ConfigError: when it cannot be used, the library is missing, or what it signs would be loaded nowhere.
        """
        trusted = Trusted.of(config)
        signer = cls._read(config)
        if trusted.keys and (signer is None or signer.public_key not in trusted.keys):
            what = "asks for a signature that signing.private_key " + ("cannot make" if signer else "is to make")
            remedy = "set signing.private_key to the private half of one of its keys, or let nothing new be made here"
            raise ConfigError("configuration, signing.public_key", what, remedy)
        return signer

    @classmethod
    def _read(cls, config: SigningConfig) -> Signer | None:
        if config.private_key is None:
            return None
        with _usable("signing.private_key", config.private_key):
            import model_signing.signing  # noqa: F401 - its absence is to be told here, not after the fit
            from cryptography.hazmat.primitives import serialization

            data = Path(config.private_key).read_bytes()
            key: Any = serialization.load_pem_private_key(data, _password(data))
            return cls(config.private_key, _pem(key.public_key()))

    def sign(self, files: Files, run_id: str) -> tuple[str, bytes]:
        """Return name and content of the signature of these files, which are of that run.

        Raises:
            ConfigError: when the key cannot be used any more.
        """
        with _usable("signing.private_key", self.path), _laid_out(files, run_id) as folder:
            from model_signing import signing

            target = folder.parent / "signature"
            password: Any = _password(Path(self.path).read_bytes())
            config = signing.Config().use_elliptic_key_signer(private_key=self.path, password=password)
            config.set_hashing_config(_every_file()).sign(folder, target)
            return _file_of(self.name), target.read_bytes()


def _verify(files: Files, signature: bytes, key: str, run_id: str | None) -> None:
    """Do nothing where the signature holds.

    Raises:
        ValueError: saying what does not.
    """
    try:
        statement = json.loads(base64.b64decode(json.loads(signature)["dsseEnvelope"]["payload"]))
        run = str(statement["subject"][0]["name"])
        said = statement["predicate"]["resources"]
        resources = {str(one["name"]): (one["algorithm"], one["digest"]) for one in said}
        _require_key(json.loads(signature), key)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it cannot be read ({type(error).__name__}: {error})"[:200]) from error
    covered = {name: ("sha256", hashlib.sha256(data).hexdigest()) for name, data in _covered(files).items()}
    for name in sorted({*covered, *resources}):
        if covered.get(name) != resources.get(name):
            raise ValueError(f"{name} is not as it was signed")
    _require_authentic(files, signature, key)  # from here on, what it says is its signer's
    if run_id is not None and run != run_id:
        raise ValueError(f"it was made for run {run!r:.80}, not for run {run_id!r:.80}")


def _require_authentic(files: Files, signature: bytes, key: str) -> None:
    from model_signing import verifying
    from sigstore_models.bundle.v1 import Bundle

    with _laid_out(files, "model") as folder, redirect_stdout(StringIO()):  # it prints warnings there
        public, target = folder.parent / "key", folder.parent / "signature"
        public.write_text(key, encoding="utf-8")
        target.write_bytes(signature)
        try:
            if Bundle.from_json(signature).to_json().encode() != signature:  # a byte that means nothing was changed
                raise ValueError("it is not as it was written")
            config = verifying.Config().use_elliptic_key_verifier(public_key=public)
            config.set_hashing_config(_every_file()).verify(folder, target)
        except Exception as error:  # the library lets errors of several others through
            said = " ".join(str(error).split()) or "it is not by this key"
            raise ValueError(said[:120]) from error


def _require_key(bundle: Any, key: str) -> None:
    """Refuse a signature without the key's name: the library takes older kinds, which say less."""
    if bundle["verificationMaterial"]["publicKey"]["hint"] != _name_of(key):
        raise ValueError("it names another key")


def _covered(files: Files) -> dict[str, bytes]:
    """Return the files that are signed: all but the signatures themselves."""
    return {name: data for name, data in files.items() if not name.startswith(f"{SIGNATURES}/")}


@contextmanager
def _laid_out(files: Files, name: str) -> Iterator[Path]:
    """Write the covered files into a folder of that name, which is what the library reads; beside it is room."""
    with tempfile.TemporaryDirectory(prefix="forecastops-") as scratch:
        folder = Path(scratch) / "signed" / name
        for file, data in _covered(files).items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield folder


def _every_file() -> Any:
    """Return the library's way of hashing whole files with SHA-256, passing over none."""
    from model_signing import hashing

    return hashing.Config().set_ignored_paths(paths=[], ignore_git_paths=False)


def _public_key(path: str) -> str:
    with _usable("signing.public_key", path):
        import model_signing.verifying  # noqa: F401 - its absence is to be told here, not at the first model
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization

        data = Path(path).read_bytes()
        if b"BEGIN CERTIFICATE" in data:
            return _pem(x509.load_pem_x509_certificate(data).public_key())
        return _pem(serialization.load_pem_public_key(data))


def _pem(public_key: Any) -> str:
    from cryptography.hazmat.primitives import serialization

    curve = getattr(getattr(public_key, "curve", None), "name", type(public_key).__name__)
    if curve not in _CURVES:
        raise ValueError(f"it is of kind {curve}; only keys on {', '.join(_CURVES)} sign models")
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return str(public_key.public_bytes(encoding, form).decode("ascii"))


def _name_of(pem: str) -> str:
    return hashlib.sha256(pem.encode("ascii")).hexdigest()


def _file_of(name: str) -> str:
    return f"{SIGNATURES}/{name[:16]}.sig"


def _password(pem: bytes) -> bytes | None:
    """Return the password of an encrypted key, None for a plain one."""
    given = os.environ.get(_PASSWORD)
    return given.encode("utf-8") if given and b"ENCRYPTED" in pem else None


@contextmanager
def _usable(key: str, path: str) -> Iterator[None]:
    """Turn what goes wrong with a key into one line that names it, and never its password."""
    place = f"configuration, {key} {path}"
    try:
        yield
    except ConfigError:
        raise
    except ImportError as error:
        what = f"needs the library model-signing, which cannot be imported ({error})"
        raise ConfigError(place, what, f"run `{install_command('signing')}`") from error
    except OSError as error:
        raise ConfigError(place, f"cannot be read: {error.strerror}", "name an existing PEM file") from error
    except Exception as error:  # of cryptography's own kinds
        remedy = f"name a PEM file of an elliptic-curve key; where it is encrypted, set {_PASSWORD}"
        raise ConfigError(place, f"cannot be used: {' '.join(str(error).split())[:200]}", remedy) from error
