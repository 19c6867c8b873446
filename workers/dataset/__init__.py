"""Versions of a shared dataset: built over an object store, committed by the coordinator.

build.py      sessions that were converted become shards behind a version's last
commit.py     … and that becomes the next version, whoever else tries at the same time
remove.py     a version without some sessions
compact.py    a version in which small neighbouring shards are one
rollback.py   a version with the content of an earlier one
collect.py    what no version names is deleted
"""
