/** Runs `work` on the items, on so many at once. The first failure ends it, once what is in hand has ended. */
export async function inLanes<T>(
  items: Iterable<T> | AsyncIterable<T>,
  laneCount: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const source = toAsync(items)
  let failed = false
  const lane = async () => {
    for (let next = await source.next(); !next.done && !failed; next = await source.next())
      await work(next.value).catch((error: unknown) => {
        failed = true
        throw error
      })
  }
  const ends = await Promise.allSettled(Array.from({ length: laneCount }, lane))
  const failure = ends.find(({ status }) => status === 'rejected')
  if (failure !== undefined) throw (failure as PromiseRejectedResult).reason
}

/** An async generator queues the calls of `next`, so several may wait at once. */
async function* toAsync<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* items
}
