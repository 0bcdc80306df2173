from membership.jobs.worker import Task

TASKS: dict[str, Task] = {}
