"""Work on several things at once, in threads, with the results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Apply ``work`` to items in so many threads, and yield its results in the order of the items.

    Items are taken one by one as threads come free. One more than there are threads is under way, so that none
    idles while the caller looks at a result, and no more, so that what they leave behind stays bounded.

    :raises Exception: what ``work`` or ``items`` raised; what has not begun by then never begins.
    """
    todo = iter(items)
    under_way: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="side-by-side") as pool:
        try:
            while True:
                for item in islice(todo, workers + 1 - len(under_way)):
                    under_way.append(pool.submit(work, item))
                if not under_way:
                    return
                yield under_way.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
