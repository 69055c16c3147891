"""Before a client has said who it is, in the midst of that, and after it: what a node answers, byte for byte beside
what a broker answers to the same bytes on the same way, and whether the connection is closed then."""
import concurrent.futures
import socket
import struct

import secure
from world import check, check_equal, wire

SECURE = True
MODES = ["ports"]
USERS = ["alice"]
QUIET = 1.5  # a broker holds refusals back for up to 0.3 s
GOOD = b"\0alice\0" + secure.password("alice").encode()
BAD = b"\0alice\0wrong"


def run(world):
    if not world.through_gateway:
        return
    broker, node = world.kafka.brokers[1], world.nodes[0]
    compare(world, (broker.host, broker.port), (node.host, node.first_port))
    is_limited(world)


def compare(world, broker, node, known=lambda name, frames: frames, states=None):
    """Places, a broker's and a node's; known: leaves out what differs by intent there.  states: all."""
    requests = Requests(world.kafka.version)
    cases = [(state, name) for state in states or requests.states for name in requests.inputs]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        expected = list(pool.map(lambda case: requests.play(*broker, *case), cases))
        got = list(pool.map(lambda case: requests.play(*node, *case), cases))
    expected, got = ([alike(*case, (known(case[1], frames), end)) for case, (frames, end) in zip(cases, outcomes)]
                     for outcomes in (expected, got))
    differ = [f"{state}, {name}: a broker {show(a)}, the node {show(b)}"
              for (state, name), a, b in zip(cases, expected, got) if a != b]
    check(not differ, f"{len(differ)} of {len(cases)} differ:\n" + "\n".join(differ))
    check_equal(sum(1 for frames, _ in expected if frames) > len(cases) // 4, True, "enough of them are answered at all")


def alike(state, name, outcome):
    """Without what differs by intent: the lifetime that is promised, addresses, and words beside a code."""
    frames, end = outcome
    if name == "FindCoordinator" and frames and frames[0][8:10] == b"\0\x22":
        frames = [frames[0][:10]]
    if name.startswith("SaslAuthenticate 2") and frames and frames[0][5:7] == b"\0\0":
        frames = [frames[0][:-9]]
    if name == "ApiVersions 99" and frames:
        frames = [frames[0][:-1]]  # the newest that there is
    if (state, name) == ("after the login", "Metadata"):
        frames = [frame[:4] for frame in frames]
    return frames, end


def show(outcome):
    frames, end = outcome
    return f"{[frame.hex() for frame in frames]} and {end}"


def framed(data):
    return struct.pack(">i", len(data)) + data


class Requests:
    def __init__(self, version):
        self.known = wire.schemas(version)
        handshake = self.of("SaslHandshake", 1, {"Mechanism": "PLAIN"})
        self.states = {
            "at the start": [],
            "after ApiVersions": [self.of("ApiVersions", 0, {})],
            "after SaslHandshake": [handshake],
            "after SaslHandshake 0": [self.of("SaslHandshake", 0, {"Mechanism": "PLAIN"})],
            "after the login": [handshake, self.of("SaslAuthenticate", 2, {"AuthBytes": GOOD})],
            "in a login again": [handshake, self.of("SaslAuthenticate", 2, {"AuthBytes": GOOD}), handshake],
        }
        self.inputs = {
            "ApiVersions 0": self.of("ApiVersions", 0, {}),
            "ApiVersions with a bad name": self.of("ApiVersions", 3, {"ClientSoftwareName": "a b",
                                                                     "ClientSoftwareVersion": "1"}),
            "ApiVersions 99": framed(struct.pack(">hhih", 18, 99, 7, -1) + b"\0"),
            "Metadata": self.of("Metadata", 12, {"Topics": [{"Name": "door"}]}),
            "Produce of nothing": self.of("Produce", 9, {"Acks": 1, "TimeoutMs": 1000, "TopicData": []}),
            "ListOffsets": self.of("ListOffsets", 7, {"ReplicaId": -1, "Topics": [
                {"Name": "door", "Partitions": [{"PartitionIndex": 3, "Timestamp": -1}]}]}),
            "FindCoordinator": self.of("FindCoordinator", 2, {"Key": "door"}),
            "SaslHandshake 0": self.of("SaslHandshake", 0, {"Mechanism": "PLAIN"}),
            "SaslHandshake 1": handshake,
            "SaslHandshake 2": framed(struct.pack(">hhihh", 17, 2, 7, -1, 5) + b"PLAIN"),
            "SaslHandshake of no mechanism": self.of("SaslHandshake", 1, {"Mechanism": "NONE"}),
            "SaslHandshake in small letters": self.of("SaslHandshake", 1, {"Mechanism": "plain"}),
            "SaslAuthenticate 0": self.of("SaslAuthenticate", 0, {"AuthBytes": GOOD}),
            "SaslAuthenticate 2": self.of("SaslAuthenticate", 2, {"AuthBytes": GOOD}),
            "SaslAuthenticate 3": framed(struct.pack(">hhih", 36, 3, 7, -1) + b"\0\1\0"),
            "SaslAuthenticate of a wrong password": self.of("SaslAuthenticate", 2, {"AuthBytes": BAD}),
            "SaslAuthenticate 0 of a wrong password": self.of("SaslAuthenticate", 0, {"AuthBytes": BAD}),
            "SaslAuthenticate of nothing": self.of("SaslAuthenticate", 2, {"AuthBytes": b""}),
            "a bare token": framed(GOOD),
            "a wrong bare token": framed(BAD),
            "a size of 0": struct.pack(">i", 0),
            "a size below 0": struct.pack(">i", -1),
            "half a head": struct.pack(">ih", 40, 3),
        }

    def of(self, api, version, message):
        return wire.request_bytes(self.known, api, version, message, 7)

    def play(self, host, port, state, name):
        """The answers' frames, what differs by nature left out, and how it ends."""
        with socket.create_connection((host, port), 20) as connection:
            for request in self.states[state]:
                connection.sendall(request)
                check(read_frame(connection) is not None, f"{host}: closed on the way to {state}")
            connection.sendall(self.inputs[name])
            frames = []
            connection.settimeout(QUIET if name != "half a head" else 0.5)
            try:
                while (frame := read_frame(connection)) is not None:
                    frames.append(frame if len(frame) < 300 else frame[:6])  # of a list of APIs its error
            except TimeoutError:
                return frames, "open"
            except ConnectionResetError:  # what it had not read
                pass
        return frames, "closed"


def read_frame(connection):
    data = b""
    while len(data) < 4 or len(data) < 4 + struct.unpack(">i", data[:4])[0]:
        piece = connection.recv(4 - len(data) if len(data) < 4 else 4 + struct.unpack(">i", data[:4])[0] - len(data))
        if not piece:
            return None
        data += piece
    return data[4:]


def is_limited(world):
    """The longest frame that a broker takes before a login is taken, and one byte more is not."""
    for host, port in ((world.kafka.brokers[1].host, world.kafka.brokers[1].port),
                       (world.nodes[0].host, world.nodes[0].first_port)):
        ends = []
        for size in (524288, 524289):
            with wire.Connection(host, port, wire.schemas(world.kafka.version)) as connection:
                connection.ask("SaslHandshake", 1, {"Mechanism": "PLAIN"})
                head = struct.pack(">hhih", 36, 1, 7, -1)
                token = b"\0" * (size - len(head) - 4)
                try:
                    connection.send_raw(framed(head + struct.pack(">i", len(token)) + token))
                    ends.append(struct.unpack(">h", connection.read_frame()[4:6])[0])
                except (EOFError, ConnectionError):
                    ends.append("closed")
        check_equal(ends, [58, "closed"], f"frames of 524,288 bytes and of one more at {host}")
