"""The processes behind the web: `python worker.py` sends what is in the outbox, `--exports` makes lists into files,
`--scheduler` watches the clocks.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from types import FrameType
from typing import Any

from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from app import clock
from app.extensions import connect_redis
from app.jobs import exports, schedule, sends
from app.services import health
from app.start import begin, refuse_if_unsafe, settings

log = logging.getLogger("worker")
AGAIN = 0.5  # seconds before the work goes on


def ready() -> None:
    """What is the same in all programs of a machine, for a process of which each of them is a fork (`make run`). The
    meters of the web are chosen before their library is read."""
    begin(settings(), web=True)
    sends.application()


def main() -> None:
    """Run the scheduler or a worker in the foreground until a signal."""
    begin(settings())
    refuse_if_unsafe(sends.application())
    if "--scheduler" in sys.argv:
        schedule.run_forever(sends.application())
        return
    lane = exports.LANE if "--exports" in sys.argv else "sends"
    threading.Thread(target=beat, args=(lane,), daemon=True).start()
    serve(sends.application().extensions["kuaifu"].redis_url, lane)


def serve(url: str, lane: str) -> None:
    """Serve one queue until somebody asks for an orderly stop, also in the pause before the work goes on: RQ leaves its
    handler behind when it ends."""
    while True:
        try:
            if worked(url, lane):
                return
            time.sleep(AGAIN)
        except StopRequested:
            return


def worked(url: str, lane: str) -> bool:
    """The same once; False when it has to go on, also where Redis is away for longer."""
    try:
        return work(url, lane)
    except (RedisConnectionError, RedisTimeoutError) as error:
        log.warning("redis is away (%s), trying again", type(error).__name__)
        return False


def work(url: str, name: str) -> bool:
    """Serve one queue; True when somebody asked for an orderly stop. The connection waits for a Redis that went away.

    RQ also ends by itself when Redis is too slow or when a job in the queue cannot be read: the work then goes on.
    """
    connection = line(url)
    lane = Queue(name, connection=connection, serializer=JSONSerializer)
    worker = SimpleWorker(
        [lane], connection=connection, serializer=JSONSerializer, worker_ttl=75, maintenance_interval=60
    )
    asked: list[int] = []
    stop = worker.request_stop

    def request_stop(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        stop(number, frame)

    worker.request_stop = request_stop
    worker.procline = lambda _words: None  # keeps the name by which an operator looks for it
    worker.work(logging_level="WARNING")
    return bool(asked)


def line(url: str) -> Any:
    """A worker's client. The library's further tries go to the address that it has, a master that was cut off and is
    back for ten seconds before it is told: where Sentinels are asked there is none, and RQ goes on by asking anew."""
    tries = 0 if url.startswith("sentinel:") else 20
    return connect_redis(
        url, retry=Retry(ExponentialWithJitterBackoff(cap=5, base=0.2), tries), health_check_interval=30,
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )  # fmt: skip


def beat(lane: str) -> None:
    """Say every few seconds that this worker lives; the health page asks for the one that sends."""
    while True:
        try:
            with sends.application().app_context():
                health.beat(process="worker" if lane == "sends" else lane, now=clock.now())
        except Exception as error:
            log.warning("heartbeat failed: %s", type(error).__name__)
        time.sleep(5)


if __name__ == "__main__":
    main()
