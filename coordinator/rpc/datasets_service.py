"""Datasets: read by all, kept by operators, made by workers; a player takes out what is theirs."""

from __future__ import annotations

from coordinator.rpc.context import ServerContext, Service
from coordinator.rpc.dataset_keeping import DatasetKeeping
from coordinator.rpc.dataset_lineage import DatasetLineage
from coordinator.rpc.dataset_profiles import DatasetProfiles
from coordinator.rpc.dataset_reading import DatasetReading
from coordinator.rpc.dataset_working import DatasetWorking
from protos.coordinator_pb2_grpc import DatasetsServicer, add_DatasetsServicer_to_server


class DatasetsService(
    DatasetReading, DatasetLineage, DatasetProfiles, DatasetKeeping, DatasetWorking, DatasetsServicer
):
    """All of its calls."""


def datasets_service(server: ServerContext) -> Service:
    """See `ServiceFactory`."""
    servicer = DatasetsService(server)
    return Service(add=lambda grpc_server: add_DatasetsServicer_to_server(servicer, grpc_server))
