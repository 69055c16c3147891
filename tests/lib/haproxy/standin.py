#!/usr/bin/env python3
"""standin.py - stands in for a gateway node behind HAProxy.

    standin.py NAME HOST FIRST-PORT PORTS HTTP-PORT [--proxy] [--tls CERT AUTHORITY] [--agent PORT]

Takes frames with a length in front, as Kafka has them, on PORTS ports, and
answers each by a frame with JSON: which node and port it reached, how many
bytes came, what the PROXY v2 header said (with --proxy one is demanded), which
server name was asked for and who showed which certificate (with --tls, where
one that AUTHORITY signed is demanded).  The body b"give N" is answered by N
zero bytes instead.

On the HTTP port: /health/ready says 200 or 503; /ready, /not-ready switch
that; /seen tells of the connections that were not Kafka's; /agent?WORDS sets
what is said to an agent-check on the port of --agent.
"""
import asyncio
import json
import socket
import ssl
import struct
import sys
import urllib.parse

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")


class Node:
    def __init__(self, name, wants_proxy):
        self.name = name
        self.wants_proxy = wants_proxy
        self.ready = True
        self.agent = "up ready 100%"
        self.accepted = 0
        self.bad_starts = []  # first bytes that were no frame
        self.http_starts = set()

    async def proxy_header(self, reader):
        head = await reader.readexactly(16)
        if head[:12] != SIGNATURE:
            raise ValueError("no PROXY header")
        rest = await reader.readexactly(struct.unpack(">H", head[14:16])[0])
        if head[12] & 0x0F == 0:
            return {"command": "local"}
        source, to = socket.inet_ntoa(rest[0:4]), socket.inet_ntoa(rest[4:8])
        source_port, to_port = struct.unpack(">HH", rest[8:12])
        return {"command": "proxy", "source": source, "source_port": source_port, "to": to, "to_port": to_port,
                **self.told(rest[12:])}

    def told(self, tlvs):
        """What stands in a PROXY header of the server name, of TLS (a byte of flags, a word why the certificate was not
        verified, 0 when it was) and of the certificate's name."""
        found = {}
        while tlvs:
            kind, size = tlvs[0], struct.unpack(">H", tlvs[1:3])[0]
            value, tlvs = tlvs[3:3 + size], tlvs[3 + size:]
            if kind == 0x02:
                found["authority"] = value.decode()
            elif kind == 0x20:
                found.update(self.told(value[5:]), flags=value[0], why=struct.unpack(">I", value[1:5])[0])
            elif kind == 0x22:
                found["cn"] = value.decode()
        return found

    async def serve_kafka(self, reader, writer):
        self.accepted += 1
        _, port = writer.get_extra_info("sockname")[:2]
        try:
            proxy = await self.proxy_header(reader) if self.wants_proxy else None
            tls = writer.get_extra_info("ssl_object")
            who = dict(pair[0] for pair in tls.getpeercert()["subject"])["commonName"] if tls else None
            while True:
                head = await reader.readexactly(4)
                size = struct.unpack(">i", head)[0]
                if not 0 <= size <= 100 << 20:
                    self.bad_starts.append(head.hex())
                    break
                body = await reader.readexactly(size)
                if body.startswith(b"give "):
                    answer = bytes(int(body[5:]))
                else:
                    answer = json.dumps({"node": self.name, "port": port, "bytes": size, "proxy": proxy,
                                         "sni": getattr(tls, "asked", None), "cert": who}).encode()
                writer.write(struct.pack(">i", len(answer)) + answer)
                await writer.drain()
        except (ValueError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def serve_http(self, reader, writer):
        try:
            line = await reader.readuntil(b"\r\n")
            self.http_starts.add(line.decode(errors="replace").strip())
            await reader.readuntil(b"\r\n\r\n")
            status, text = self.answer(line.split()[1].decode())
        except (ValueError, OSError, IndexError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            status, text = "400 Bad Request", ""
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode())
        try:
            await writer.drain()
        except OSError:
            pass
        writer.close()

    def answer(self, path):
        if path == "/health/ready":
            return ("200 OK", "ready") if self.ready else ("503 Service Unavailable", "not ready")
        if path in ("/ready", "/not-ready"):
            self.ready = path == "/ready"
            return "200 OK", ""
        if path.startswith("/agent?"):
            self.agent = urllib.parse.unquote(path.partition("?")[2])
            return "200 OK", ""
        if path == "/seen":
            return "200 OK", json.dumps(
                {"accepted": self.accepted, "bad_starts": self.bad_starts, "http": sorted(self.http_starts)})
        return "404 Not Found", ""


    async def serve_agent(self, _, writer):
        writer.write(f"{self.agent}\n".encode())
        writer.close()


def tls_context(certificate, authority):
    def remember(tls, name, _):
        tls.asked = name
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.sni_callback = remember
    return context


def after(argv, option, count):
    at = argv.index(option) if option in argv else None
    return argv[at + 1:at + 1 + count] if at is not None else None


async def main(argv):
    name, host, first, ports, http = argv[0], argv[1], int(argv[2]), int(argv[3]), int(argv[4])
    node = Node(name, "--proxy" in argv)
    tls = tls_context(*after(argv, "--tls", 2)) if "--tls" in argv else None
    for port in range(first, first + ports):
        await asyncio.start_server(node.serve_kafka, host, port, backlog=256, limit=1 << 20, ssl=tls)
    if "--agent" in argv:
        await asyncio.start_server(node.serve_agent, host, int(after(argv, "--agent", 1)[0]))
    await asyncio.start_server(node.serve_http, host, http)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
