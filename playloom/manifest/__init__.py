"""What a shared dataset is in the object store: versions, their segments and shards, and the files that they name.

    datasets/ID/files/ab/abcdef….mp4        every file, under its SHA-256; never changed, shared by versions
    datasets/ID/segments/abcdef….json       a run of shards, under its SHA-256
    datasets/ID/versions/00000007-….json    version 7; the coordinator's database says which one is the seventh
    datasets/ID/staged/SESSION/…            what a session's conversion left, until a version takes it up

A commit writes files, then segments, then the version, and last asks the coordinator to make it the next one. What a
crash leaves before that is named by no version, and is collected.
"""
