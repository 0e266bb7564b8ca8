"""
Doorbells that a worker took and did not come to answer: its process ended in between.

RQ moves what it takes from a queue to a list beside it, until the work begins. A child that starts
rings for what lies there: without it, nothing would until the sweep or a chore of the relay does.
"""

from __future__ import annotations

from collections.abc import Collection

from redis.exceptions import RedisError
from rq import Queue

from rights.logs import get


def taken(bell: Queue) -> list[str]:
    """Return what was taken and not begun; nothing while that cannot be asked."""
    try:
        return bell.intermediate_queue.get_job_ids()
    except RedisError:
        return []


def put_back(bell: Queue, before: Collection[str]) -> int:
    """
    Ring again for what was taken *before* and still is; return how many that were.

    Between the two looks a child opens its connections, and a living one begins its work. Should
    one be slower than that, its doorbell is rung twice, which costs a look.
    """
    left = [job_id for job_id in taken(bell) if job_id in before]
    try:
        with bell.connection.pipeline(transaction=True) as both:
            for job_id in left:
                both.lrem(bell.intermediate_queue.key, 1, job_id)
                both.lpush(bell.key, job_id)
            both.execute()
    except RedisError:
        return 0
    if left:
        get().warning("worker.rung_again", queue=bell.name, count=len(left))
    return len(left)
