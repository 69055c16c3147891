#!/usr/bin/env python3
"""standin.py - stands in for a gateway node behind HAProxy.

    standin.py NAME HOST FIRST-PORT PORTS HTTP-PORT [--proxy]

Takes frames with a length in front, as Kafka has them, on PORTS ports, and
answers each by a frame with JSON: which node and port it reached, how many
bytes came, what the PROXY v2 header said (with --proxy one is demanded).  The
body b"give N" is answered by N zero bytes instead.

On the HTTP port: /health/ready says 200 or 503; /ready, /not-ready switch
that; /seen tells of the connections that were not Kafka's.
"""
import asyncio
import json
import socket
import struct
import sys

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")


class Node:
    def __init__(self, name, wants_proxy):
        self.name = name
        self.wants_proxy = wants_proxy
        self.ready = True
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
        return {"command": "proxy", "source": source, "source_port": source_port, "to": to, "to_port": to_port}

    async def serve_kafka(self, reader, writer):
        self.accepted += 1
        _, port = writer.get_extra_info("sockname")[:2]
        try:
            proxy = await self.proxy_header(reader) if self.wants_proxy else None
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
                    answer = json.dumps({"node": self.name, "port": port, "bytes": size, "proxy": proxy}).encode()
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
        if path == "/seen":
            return "200 OK", json.dumps(
                {"accepted": self.accepted, "bad_starts": self.bad_starts, "http": sorted(self.http_starts)})
        return "404 Not Found", ""


async def main(argv):
    name, host, first, ports, http = argv[0], argv[1], int(argv[2]), int(argv[3]), int(argv[4])
    node = Node(name, "--proxy" in argv)
    for port in range(first, first + ports):
        await asyncio.start_server(node.serve_kafka, host, port, backlog=256, limit=1 << 20)
    await asyncio.start_server(node.serve_http, host, http)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
