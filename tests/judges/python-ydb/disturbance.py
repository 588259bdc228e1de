"""What goes wrong between a client and its database."""

import json
import socket
import threading
import urllib.request
from urllib.parse import urlparse

CHUNK = 65536


class Faults:
    """The emulator's rules that break calls."""

    def __init__(self, api):
        self.url = f"{api}/_emulator/faults"

    def _call(self, method, rules=None):
        request = urllib.request.Request(
            self.url,
            method=method,
            data=None if rules is None else json.dumps(rules).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def break_calls(self, method, action, phase="before", times=1):
        """The next calls of a gRPC method suffer."""
        rule = {"method": "GRPC", "path": f"*/{method}", "times": times, "phase": phase, "action": action}
        self._call("PUT", [rule])

    def hits(self):
        """How many calls suffered."""
        return sum(rule["hits"] for rule in json.loads(self._call("GET")))

    def clear(self):
        self._call("DELETE")


class CuttableProxy:
    """A TCP port that leads to the database until it is cut."""

    def __init__(self, endpoint):
        target = urlparse(endpoint)
        self.target = (target.hostname, target.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"grpc://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open = []
        self.deaf = False
        self.lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()

    def cut(self):
        """Ends all connections there are; how many. New ones are let through."""
        with self.lock:
            cut, self.open = self.open, []
            self.deaf = False
        for one in cut:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        return len(cut) // 2

    def lose_answers(self):
        """From now on answers are lost, until the connections are cut."""
        self.deaf = True

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            with self.lock:
                self.open += [client, server]
            for source, sink, is_answer in [(client, server, False), (server, client, True)]:
                threading.Thread(target=self._carry, args=(source, sink, is_answer), daemon=True).start()

    def _carry(self, source, sink, is_answer):
        try:
            while data := source.recv(CHUNK):
                if not (is_answer and self.deaf):
                    sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
