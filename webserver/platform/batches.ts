/** Cuts a stream into lists of at most `batchMax`, none of them empty. */
export async function* inBatches<T>(
  items: AsyncIterable<T>,
  batchMax: number,
): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < batchMax) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
