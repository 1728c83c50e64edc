"""The gRPC server every service runs: health, reflection, metrics, deadlines, graceful stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from services.kernel.telemetry import metrics
from services.kernel.telemetry.tracing import enter_trace, traceparent_from

_GRACE_SECONDS = 3.0

Register = Callable[[grpc.aio.Server], None]


class _Metrics(grpc.aio.ServerInterceptor):
    """Counts and times every call, and takes up the caller's trace."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        service, _, method = handler_call_details.method.lstrip("/").partition("/")
        carried = dict(handler_call_details.invocation_metadata or ())
        trace = traceparent_from(str(carried.get("traceparent", "")))
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                _timed_unary(handler.unary_unary, service, method, trace),
                handler.request_deserializer,
                handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                _timed_stream(handler.unary_stream, service, method, trace),
                handler.request_deserializer,
                handler.response_serializer,
            )
        return handler


def _timed_unary(call: Any, service: str, method: str, trace: str) -> Any:
    async def timed(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        enter_trace(trace)
        with _Observed(service, method, context):
            return await call(request, context)

    return timed


def _timed_stream(call: Any, service: str, method: str, trace: str) -> Any:
    async def timed(
        request: Any, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[Any]:
        enter_trace(trace)
        with _Observed(service, method, context):
            async for response in call(request, context):
                yield response

    return timed


class _Observed:
    def __init__(self, service: str, method: str, context: Any) -> None:
        self._labels = (service, method)
        self._context = context

    def __enter__(self) -> None:
        self._started = time.monotonic()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        code = self._context.code()
        if code is None or code == 0:
            code = _code_of(error)
        name = code.name if isinstance(code, grpc.StatusCode) else str(code)
        metrics.GRPC_HANDLED.labels(*self._labels, name).inc()
        metrics.GRPC_SECONDS.labels(*self._labels).observe(time.monotonic() - self._started)


def _code_of(error: BaseException | None) -> grpc.StatusCode:
    """Return what a call ended with that set no code itself."""
    if error is None:
        return grpc.StatusCode.OK
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        return grpc.StatusCode.CANCELLED  # the caller left, as every watcher does in the end
    return grpc.StatusCode.UNKNOWN


class GrpcServer:
    """One service's server. ``register`` adds its servicers; ``names`` are their full names."""

    def __init__(self, address: str, names: Sequence[str], register: Register) -> None:
        self._server = grpc.aio.server(interceptors=[_Metrics()])
        register(self._server)
        self._names = tuple(names)
        self._health = health_aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            (*names, "grpc.health.v1.Health", reflection.SERVICE_NAME), self._server
        )
        self.port = self._server.add_insecure_port(address)

    async def start(self) -> None:
        await self._server.start()
        await self.set_serving(serving=False)

    async def set_serving(self, *, serving: bool) -> None:
        status = (
            health_pb2.HealthCheckResponse.SERVING
            if serving
            else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in ("", *self._names):
            await self._health.set(name, status)

    async def stop(self) -> None:
        await self._health.enter_graceful_shutdown()
        await self._server.stop(_GRACE_SECONDS)
