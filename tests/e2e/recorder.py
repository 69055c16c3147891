"""A TCP relay that keeps every byte it sends to clients, for a search afterwards."""
import selectors
import socket
import threading


class Recorder:
    """Listens on host:first_port.. and passes on to target_host on the same ports."""

    def __init__(self, host, target_host, first_port, ports):
        self.sent = []  # one bytearray a connection: what the client was sent
        self._target = target_host
        self._selector = selectors.DefaultSelector()
        self._ends = False
        self._listeners = []
        for port in range(first_port, first_port + ports):
            listener = socket.create_server((host, port), backlog=128)
            self._listeners.append(listener)
            self._selector.register(listener, selectors.EVENT_READ, ("accept", port))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._ends = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def capture(self):
        return b"\0\0\0\0".join(bytes(data) for data in self.sent)

    def _run(self):
        while not self._ends:
            for key, _ in self._selector.select(0.1):
                if key.data[0] == "accept":
                    self._accept(key.fileobj, key.data[1])
                elif key.fileobj.fileno() >= 0:  # its other half may have closed it in this round
                    self._move(key.fileobj, *key.data[1:])

    def _accept(self, listener, port):
        client, _ = listener.accept()
        try:
            server = socket.create_connection((self._target, port), 5)
        except OSError:
            client.close()
            return
        kept = bytearray()
        self.sent.append(kept)
        for one, other, keep in ((client, server, None), (server, client, kept)):
            one.settimeout(10)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(one, selectors.EVENT_READ, ("move", other, keep))

    def _move(self, source, target, keep):
        try:
            data = source.recv(1 << 18)
            if data:
                if keep is not None:
                    keep += data
                target.sendall(data)
                return
        except OSError:
            pass
        for half in (source, target):
            if half.fileno() >= 0:
                self._selector.unregister(half)
                half.close()
