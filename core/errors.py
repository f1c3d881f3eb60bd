"""All errors the project raises on purpose, sorted by who acts on them.

AgentError(message, hint)
├─ ConfigError              the user mends a setting                              exit 2
├─ GatewayError             nobody here can go on: the turn ends                  exit 3
│  ├─ GatewayUnavailable    5xx                                RetryingGateway acts, FallbackGateway after it
│  │  └─ NoAnswer           no connection, or silence; likewise, but FallbackGateway acts at once
│  ├─ RateLimited           429, with the seconds to wait; likewise
│  ├─ StreamBroken          the reply ended early, or was no stream at all; likewise
│  │  └─ ConnectionLost     the server hung up
│  ├─ RequestRejected       the same request would fail again
│  └─ ContextOverflow       longer than the window: ContextPolicy acts
│     └─ OutOfMemory        longer than the server's memory: likewise, but only once
├─ ToolError                the model acts: the message is the tool's answer
│  ├─ InvalidArguments
│  ├─ OutsideWorkspace
│  ├─ PermissionDenied
│  │  └─ NobodyToAsk        a yes was needed in a run without a person
│  ├─ InputNeeded           a question was asked in a run without a person
│  ├─ SkillRejected
│  └─ ToolTimedOut
├─ UndoRefused              the user decides: files stay as they are              exit 1
├─ PlanRefused              whoever changes a plan: it stays as it is             exit 1
└─ StoreError               the user acts: disk, rights, a damaged file           exit 4
"""

from typing import ClassVar

from core.messages import ToolStatus


class AgentError(Exception):
    """Base of all errors raised on purpose; `hint` says what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.args[0]} {self.hint}".rstrip()


class ConfigError(AgentError):
    exit_code = 2


class GatewayError(AgentError):
    exit_code = 3


class GatewayUnavailable(GatewayError): ...


class NoAnswer(GatewayUnavailable): ...


class RateLimited(GatewayError):
    def __init__(self, message: str, *, retry_after_seconds: float, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class StreamBroken(GatewayError): ...


class ConnectionLost(StreamBroken): ...


class RequestRejected(GatewayError): ...


class ContextOverflow(GatewayError):
    """`limit_tokens` is the window the server named, or None."""

    def __init__(self, message: str, *, limit_tokens: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.limit_tokens = limit_tokens


class OutOfMemory(ContextOverflow):
    """`hint` says which setting of the server to lower."""


class ToolError(AgentError):
    status: ClassVar[ToolStatus] = ToolStatus.FAILED


class InvalidArguments(ToolError): ...


class OutsideWorkspace(ToolError): ...


class PermissionDenied(ToolError): ...


class NobodyToAsk(PermissionDenied):
    status = ToolStatus.REFUSED


class InputNeeded(ToolError):
    status = ToolStatus.NEEDS_INPUT


class SkillRejected(ToolError): ...


class ToolTimedOut(ToolError): ...


class UndoRefused(AgentError): ...


class PlanRefused(AgentError): ...


class StoreError(AgentError):
    exit_code = 4
