"""What each call needs, and how long it may take. A method that is not in this table is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coordinator.players.scopes import Scope

CALL_S = 30.0


@dataclass(frozen=True, kw_only=True)
class MethodRule:
    """What holds for one method.

    Attributes:
        scopes: one of them is needed; None: not even a token.
        limit_s: how long a call may take, whatever its caller would wait; None: a stream, which stays.
    """

    scopes: frozenset[Scope] | None
    limit_s: float | None = CALL_S


_PLAYERS = frozenset({Scope.PLAYER, Scope.OPERATOR})
_OPERATORS = frozenset({Scope.OPERATOR})
_WORKERS = frozenset({Scope.WORKER})
_ALL = frozenset(Scope)

_OPEN = MethodRule(scopes=None)
_PLAYER = MethodRule(scopes=_PLAYERS)
_OPERATOR = MethodRule(scopes=_OPERATORS)
_WORKER = MethodRule(scopes=_WORKERS)
_ANYONE = MethodRule(scopes=_ALL)

_SERVICES: Mapping[str, Mapping[str, MethodRule]] = {
    "playloom.v1.Server": {"GetInfo": _OPEN},
    "playloom.v1.Enrolment": {"Enrol": _OPEN},
    "playloom.v1.Players": {
        "WhoAmI": _ANYONE,
        "GetPlayer": _PLAYER,
        "CreatePlayer": _OPERATOR,
        "ListPlayers": _OPERATOR,
        "UpdatePlayer": _OPERATOR,
        "Invite": _OPERATOR,
        "ListTokens": _OPERATOR,
        "RevokeToken": _OPERATOR,
    },
    "playloom.v1.Nodes": {
        "Connect": MethodRule(scopes=frozenset({Scope.PLAYER}), limit_s=None),
        "ListNodes": _PLAYER,
        "Command": MethodRule(scopes=_PLAYERS, limit_s=60.0),
    },
    "playloom.v1.Uploads": {
        "BeginUpload": _PLAYER,
        "GetUpload": _PLAYER,
        "SignParts": _PLAYER,
        "ListParts": MethodRule(scopes=_PLAYERS, limit_s=60.0),
        "FinishUpload": MethodRule(scopes=_PLAYERS, limit_s=3600.0),  # everything is read once more
        "AbandonUpload": MethodRule(scopes=_PLAYERS, limit_s=60.0),
    },
    "playloom.v1.Sessions": {
        "ListSessions": _ANYONE,
        "GetSession": _ANYONE,
        "SignDownloads": _ANYONE,
        "DeleteSession": _PLAYER,
        "RestoreSession": _PLAYER,
    },
    "playloom.v1.Jobs": {
        "SubmitJob": _PLAYER,
        "GetJob": _PLAYER,
        "ListJobs": _PLAYER,
        "CancelJob": _PLAYER,
        "RetryJob": _PLAYER,
        "ReadLog": MethodRule(scopes=_PLAYERS, limit_s=None),
        "LeaseJobs": MethodRule(scopes=_WORKERS, limit_s=90.0),  # waits for jobs up to 60
        "Heartbeat": _WORKER,
        "CompleteJob": _WORKER,
        "CompleteJobs": MethodRule(scopes=_WORKERS, limit_s=90.0),  # as LeaseJobs
        "FailJob": _WORKER,
        "AppendLog": _WORKER,
    },
    "playloom.v1.Datasets": {
        "ListDatasets": _ANYONE,
        "GetDataset": _ANYONE,
        "ListVersions": _ANYONE,
        "GetVersion": _ANYONE,
        "SignDatasetObjects": _ANYONE,
        "ListDatasetSessions": _ANYONE,
        "RemoveFromDataset": MethodRule(scopes=_PLAYERS, limit_s=600.0),  # recordings may go with it
        "PutMappingProfile": _PLAYER,
        "ListMappingProfiles": _PLAYER,
        "DeleteMappingProfile": _PLAYER,
        "RegisterCheckpoint": _ANYONE,
        "ListCheckpoints": _ANYONE,
        "CreateDataset": _OPERATOR,
        "AddIngestRule": _OPERATOR,
        "RemoveIngestRule": _OPERATOR,
        "ListIngestRules": _ANYONE,
        "IngestSessions": MethodRule(scopes=_OPERATORS, limit_s=300.0),
        "TagVersion": _OPERATOR,
        "OpenSession": _WORKER,
        "StageSession": MethodRule(scopes=_WORKERS, limit_s=120.0),  # what was staged is read
        "TakeTurn": MethodRule(scopes=_WORKERS, limit_s=90.0),  # waits up to 60
        "EndTurn": _WORKER,
        "CommitVersion": MethodRule(scopes=_WORKERS, limit_s=120.0),  # the manifest is read
        "WithdrawVersions": _WORKER,
    },
    "grpc.health.v1.Health": {
        "Check": _OPEN,
        "List": _OPEN,
        "Watch": MethodRule(scopes=_ALL, limit_s=None),  # it holds a stream open
    },
    "grpc.reflection.v1alpha.ServerReflection": {
        "ServerReflectionInfo": MethodRule(scopes=_ALL, limit_s=None),
    },
}

METHODS: Mapping[str, MethodRule] = {
    f"/{service}/{method}": rule for service, methods in _SERVICES.items() for method, rule in methods.items()
}
"""By the name that gRPC has for it, as in ``/playloom.v1.Jobs/GetJob``."""
