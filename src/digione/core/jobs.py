"""Housekeeping of jobs themselves: what a worker that was killed has left, and what was done long ago."""

from procrastinate.contrib.django import app
from procrastinate.job_context import JobContext
from procrastinate.jobs import Status

#: How many hours a job is kept that went well, and any other. A sealer alone makes 17,280 a day.
_DONE_HOURS, _FAILED_HOURS = 24, 30 * 24


@app.periodic(cron="* * * * * */30", periodic_id="core-end-orphaned-jobs")
@app.task(name="core.end_orphaned_jobs", queueing_lock="core.end_orphaned_jobs", pass_context=True)
async def end_orphaned_jobs(context: JobContext, timestamp: int) -> None:
    """End the jobs of workers that have given no sign for half a minute; `timestamp` is the planned moment.

    A worker that was killed, or a database that was copied meanwhile, leaves its job running for good, and nothing that
    waits for the same lock would ever run. What is ended here is planned anew by its own schedule.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.finish_job(job, Status.FAILED, delete_job=False)


@app.periodic(cron="41 * * * *", periodic_id="core-forget-jobs")
@app.task(name="core.forget_jobs", queueing_lock="core.forget_jobs", pass_context=True)
async def forget_jobs(context: JobContext, timestamp: int) -> None:
    """Delete jobs that ended long ago; `timestamp` is the planned moment."""
    manager = context.app.job_manager
    await manager.delete_old_jobs(nb_hours=_DONE_HOURS)
    await manager.delete_old_jobs(
        nb_hours=_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
