"""The services that a coordinator has: the one list of them."""

from __future__ import annotations

from coordinator.rpc.context import ServiceFactory
from coordinator.rpc.datasets_service import datasets_service
from coordinator.rpc.jobs_service import jobs_service
from coordinator.rpc.nodes_service import nodes_service
from coordinator.rpc.players_service import players_service
from coordinator.rpc.server_service import enrolment_service, server_service
from coordinator.rpc.sessions_service import sessions_service
from coordinator.rpc.uploads_service import uploads_service

FACTORIES: tuple[ServiceFactory, ...] = (
    server_service,
    enrolment_service,
    players_service,
    nodes_service,
    jobs_service,
    uploads_service,
    sessions_service,
    datasets_service,
)
