"""Runs inside a sandbox before a command that may reach hosts: `python -I -S sandbox_door.py FD COMMAND…`.

It opens a listening socket on the loopback address in there, gives it to the agent over the socket it has
from it, and becomes the command. The agent accepts on it (`tool/sandbox_hosts.py`); a network namespace is
no wall for a socket that was handed over. Every command starts with this: nothing but what it needs.
"""

import _socket
import os
import sys
from array import array

PORT = 3128


def main() -> None:
    door = _socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(door.fileno(), False)
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", PORT))
    listener.listen(64)
    door.sendmsg([b"+"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array("i", [listener.fileno()]))])
    listener.close()
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
