"""The least that a loop of a model and a shell can cost: the standard library, no features.

Usage: python bench/floor.py BASE_URL PROMPT
"""

import http.client
import json
import subprocess
import sys
from urllib.parse import urlsplit

SHELL = {
    "name": "shell",
    "description": "Run a shell command.",
    "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
}


def reply_of(response: http.client.HTTPResponse) -> tuple[str, list[dict[str, str]]]:
    """The words and the calls, each with id, name and arguments."""
    text, calls = "", []
    for line in response:
        if not line.startswith(b"data: {"):
            continue
        for choice in json.loads(line[6:])["choices"]:
            text += choice["delta"].get("content") or ""
            for delta in choice["delta"].get("tool_calls", ()):
                function = delta["function"]
                if "id" in delta:
                    calls.append({"id": delta["id"], "name": function["name"], "arguments": ""})
                calls[-1]["arguments"] += function.get("arguments", "")
    return text, calls


def main(base_url: str, prompt: str) -> None:
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    messages: list[dict[str, object]] = [
        {"role": "system", "content": "You are an agent."},
        {"role": "user", "content": prompt},
    ]
    asked = {
        "model": "m",
        "stream": True,
        "messages": messages,
        "tools": [{"type": "function", "function": SHELL}],
    }
    headers = {"content-type": "application/json"}
    while True:
        connection.request("POST", f"{address.path}/chat/completions", json.dumps(asked), headers)
        text, calls = reply_of(connection.getresponse())
        functions = [{"name": call["name"], "arguments": call["arguments"]} for call in calls]
        made = [
            {"id": call["id"], "type": "function", "function": function}
            for call, function in zip(calls, functions, strict=True)
        ]
        if not made:
            return
        messages.append({"role": "assistant", "content": text, "tool_calls": made})
        for call in calls:
            command = json.loads(call["arguments"])["command"]
            done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
            messages.append(
                {"role": "tool", "tool_call_id": call["id"], "content": done.stdout + done.stderr}
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
