"""What `playloom worker` does: jobs of a coordinator, taken, done as tasks of a Ray cluster, and reported.

worker.py         takes jobs while there is room, until it is asked to end
leased_job.py     one job: its lease, its log, how far it is, and whether it is to stop
ingest_job.py     a session enters a dataset: asked for, converted as a task, staged, committed
ingest_step.py    the conversion itself: a session's objects in, its staged objects out; knows no Ray
gates.py          what keeps a session out of a dataset
fetching.py       a session's objects become files; scratch.py: where these lie, and what was left is removed
dataset_jobs.py   versions without some sessions, compacted, rolled back; and what none names is deleted
program_job.py    training and labelling: a program for hours, found again by whoever has the job next
program_order.py  what such a job may ask for
watched_task.py   a task in a process of its own, with an eye on its memory
ray_tasks.py      the module that knows Ray's tasks; ray_jobs.py: the one that knows its job submission
"""
