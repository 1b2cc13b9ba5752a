"""Web servers on loopback that speak TLS, with certificates made when the test runs."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from contextlib import contextmanager, suppress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = dt.timedelta(days=1)


def _certificate(subject, key, issuer, issuer_key, *extensions, expired=False):
    now = dt.datetime.now(dt.UTC)
    name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])  # noqa: E731
    built = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now - DAY if expired else now + DAY)
    )
    for extension in extensions:
        built = built.add_extension(extension, critical=False)
    return built.sign(issuer_key, hashes.SHA256())


class Authority:
    """Signs certificates of servers; ``file`` holds its own."""

    def __init__(self, folder) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        ca = _certificate(
            "test authority",
            self._key,
            "test authority",
            self._key,
            x509.BasicConstraints(ca=True, path_length=0),
            x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()),
        )
        self.file = folder / "ca.pem"
        self.file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))

    def signed(self, name: str, *, expired: bool = False):
        """The path of a certificate of a server of this name or IP address, with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            known = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            known = x509.DNSName(name)
        signed = _certificate(
            name,
            key,
            "test authority",
            self._key,
            x509.SubjectAlternativeName([known]),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
            expired=expired,
        )
        file = self._folder / f"{name}-{expired}.pem"
        file.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return file


@contextmanager
def in_tls(url, file):
    """The address under which a server of ``tests/support/web_server.py`` is reached over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    target = ("127.0.0.1", int(url.rpartition(":")[2]))
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source, sink):
        with suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def serve(plain):
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as outer:
            # One request, and its whole answer: TLS is not read and written from two threads.
            request = b""
            while b"\r\n\r\n" not in request and (chunk := outer.recv(65536)):
                request += chunk
            with socket.create_connection(target) as inner:
                inner.sendall(request.replace(b"Connection: keep-alive", b"Connection: close"))
                inner.shutdown(socket.SHUT_WR)
                carry(inner, outer)

    def accept():
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(60)
