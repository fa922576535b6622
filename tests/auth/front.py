"""A company's proxy on this computer: notes what goes through, and is every https server behind it itself."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM


class Authority:
    """A certificate authority of our own; `file` is what a computer that trusts it has."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._made(self._name, self._key, [], authority=True).public_bytes(PEM))

    def _made(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, hosts: list[str], *, authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=1),
            not_valid_after=now + timedelta(days=1),
        ).add_extension(x509.BasicConstraints(authority, None), critical=True)
        names: list[x509.GeneralName] = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def context(self, *hosts: str) -> ssl.SSLContext:
        """Return what a server of these names needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0][:60])])
        private = key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )  # fmt: skip
        path = self._folder / f"{hosts[0]}.pem"
        path.write_bytes(private + self._made(name, key, list(hosts), authority=False).public_bytes(PEM))
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(path)
        return made


class Front:
    """Takes CONNECT, speaks TLS as whoever was asked for, and hands on to a port of this computer."""

    def __init__(self, context: ssl.SSLContext, ports: dict[str, int], *, direct: bool = False) -> None:
        self._context, self._ports, self._direct = context, ports, direct
        self.seen: list[str] = []  # first lines, as they came
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Front:
        return self

    def __exit__(self, *_error: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def hosts(self) -> set[str]:
        """Return the hosts asked for by CONNECT."""
        return {line.split()[1].partition(":")[0] for line in self.seen if line.startswith("CONNECT ")}

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(20)
            host = ""
            if not self._direct:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(1)
                line = head.partition(b"\r\n")[0].decode()
                self.seen.append(line)
                if not line.startswith("CONNECT "):
                    client.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    return
                host = line.split()[1].partition(":")[0]
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with self._context.wrap_socket(client, server_side=True) as safe:
                self.seen.append(f"TLS {host}")
                with socket.create_connection(("127.0.0.1", self._ports[host]), timeout=20) as server:
                    _both_ways(safe, server)


def _both_ways(one: socket.socket, other: socket.socket) -> None:
    def hand_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=hand_on, args=(other, one), daemon=True)
    back.start()
    hand_on(one, other)
    back.join()
