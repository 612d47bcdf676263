"""The certificate of bus and store: made here with an authority of its own, or given.

The authority's key is not kept: it signs the one certificate and is forgotten, so nobody can
make another that our services would trust.
"""

import ipaddress
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from libs.common.private_files import write_private

VALID = timedelta(days=397)
RENEWED = timedelta(days=30)
CLOCKS = timedelta(minutes=5)  # that another machine's clock may be behind
SWITCH = "SHIRUSHI_INTERNAL_TLS"
GIVEN = tuple(f"{SWITCH}_{name}" for name in ("CA", "CERT", "KEY"))


@dataclass(frozen=True)
class Certificates:
    """PEM files: whom to trust, and what bus and store show."""

    ca: Path
    cert: Path
    key: Path


def certificates(home: Path, *, anew: bool = False) -> Certificates | None:
    """What `SHIRUSHI_INTERNAL_TLS` asks for; None = bus and store speak plain text.

    Args:
        home: generated files lie in its `tls`, and are made again a month before they end.
        anew: make them again in any case.

    Raises:
        ValueError: the settings contradict each other, or a given file is no certificate or key.
    """
    switch = os.environ.get(SWITCH) or "off"
    given = [os.environ.get(name) or "" for name in GIVEN]
    if switch not in {"on", "off"}:
        raise ValueError(f"{SWITCH}={switch}: give on or off")
    if switch == "off":
        if any(given):
            raise ValueError(f"certificates are given but {SWITCH} is off: set it to on")
        return None
    if any(given):
        if not all(given):
            raise ValueError(f"give all of {', '.join(GIVEN)}, or none to have them made")
        return _checked(Certificates(*(Path(each).resolve() for each in given)))
    folder = home / "tls"
    folder.mkdir(mode=0o700, exist_ok=True)
    made = Certificates(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    if anew or not all(path.exists() for path in (made.ca, made.cert, made.key)) or _old(made.cert):
        make(made)
    return _checked(made)


def made_for_now(folder: Path) -> Certificates:
    """Of parts of one server that know each other by it: made anew at each start."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Certificates(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    make(made)
    return made


def trusting(ca: Path) -> ssl.SSLContext:
    """Of a client that trusts `ca` and nobody else."""
    return ssl.create_default_context(cafile=str(ca))


def _checked(files: Certificates) -> Certificates:
    try:
        trusting(files.ca)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.cert, files.key)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(
            f"the certificate of bus and store cannot be used ({error}): "
            f"see {files.ca}, {files.cert} and {files.key}"
        ) from error
    return files


def _old(cert: Path) -> bool:
    ends = x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc
    return ends - datetime.now(UTC) < RENEWED


def make(files: Certificates, names: Iterable[str] = ()) -> None:
    """Make all three; `names` are host names beside localhost."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Shirushi bus and store CA", authority_key, None, authority_key)
    cert = _certificate("Shirushi bus and store", key, authority, authority_key, names)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = serialization.Encoding.PEM
    write_private(files.key, private.decode())
    write_private(files.cert, cert.public_bytes(pem).decode())
    write_private(files.ca, authority.public_bytes(pem).decode())


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    signed_by: ec.EllipticCurvePrivateKey,
    names: Iterable[str] = (),
) -> x509.Certificate:
    """An authority when there is no issuer, else what a server on this machine shows."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS)
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key()),
            critical=False,
        )
        .add_extension(_usage(signs=issuer is None), critical=True)
    )
    if issuer:
        here = [
            *(x509.DNSName(each) for each in ("localhost", *names)),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(here), critical=False)
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        purpose = x509.ExtendedKeyUsage(both)
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(signed_by, hashes.SHA256())


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
