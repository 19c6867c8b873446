"""Runs of training where several machines find them: in the object store.

stored_run.py   what lies where, and what names a checkpoint's files
pushing.py      a run's directory goes to the store: what is not there yet
pulling.py      it comes back: whole, or what its newest checkpoint needs
lineage.py      what a run learned from, and that the coordinator is told
"""
