"""Calls about mapping profiles: one's own, for operators everyone's."""

from __future__ import annotations

from coordinator.datasets.profiles import delete_profile, get_profile, list_profiles, put_profile
from coordinator.rpc.context import CallContext, caller_of
from coordinator.rpc.dataset_calls import DatasetCalls
from coordinator.rpc.dataset_messages import profile_message
from coordinator.rpc.ownership import see_that_own, whose
from protos import coordinator_pb2 as pb


class DatasetProfiles(DatasetCalls):
    async def PutMappingProfile(  # noqa: N802
        self, request: pb.PutMappingProfileRequest, context: CallContext
    ) -> pb.StoredMappingProfile:
        caller = caller_of(context)
        async with self._database.read() as connection:
            player_id = await whose(connection, caller, request.player) if request.player else caller.player_id
        assert player_id is not None
        kept = await self._database.transact(
            lambda connection: put_profile(connection, player_id, request.content, self._clock())
        )
        return profile_message(kept)

    async def ListMappingProfiles(  # noqa: N802
        self, request: pb.ListMappingProfilesRequest, context: CallContext
    ) -> pb.ListMappingProfilesResponse:
        async with self._database.read() as connection:
            player_id = await whose(connection, caller_of(context), request.player)
            found = await list_profiles(connection, player_id=player_id, game_id=request.game_id)
        return pb.ListMappingProfilesResponse(profiles=map(profile_message, found))

    async def DeleteMappingProfile(  # noqa: N802
        self, request: pb.DeleteMappingProfileRequest, context: CallContext
    ) -> pb.StoredMappingProfile:
        async with self._database.read() as connection:
            found = await get_profile(connection, request.profile_id)
        see_that_own(caller_of(context), found.player_id, "mapping profile", request.profile_id)
        await self._database.transact(lambda connection: delete_profile(connection, found.id))
        return profile_message(found)
