import { randomBytes } from 'node:crypto'
import { link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Keep so many small contents durably, so many at once, for so long. */
export interface DurableOrder {
  directory: string
  sizeBytes: number
  concurrency: number
  durationMs: number
}

export interface DurableResult {
  writesPerS: number
}

/** One content made durable as the service must: write, fdatasync, link, fsync of the directory. */
async function keep(directory: string, name: string, content: Buffer): Promise<void> {
  const draft = join(directory, `${name}.draft`)
  const file = await open(draft, 'wx')
  await file.write(content)
  await file.datasync()
  await file.close()
  await link(draft, join(directory, name))
  const parent = await open(directory, 'r')
  await parent.sync()
  await parent.close()
  await unlink(draft)
}

async function measure(order: DurableOrder): Promise<DurableResult> {
  const content = randomBytes(order.sizeBytes)
  const startedAt = performance.now()
  let written = 0
  const loop = async (lane: number) => {
    for (let count = 0; performance.now() - startedAt < order.durationMs; count++) {
      await keep(order.directory, `${process.pid}-${startedAt}-${lane}-${count}`, content)
      written++
    }
  }
  await Promise.all(Array.from({ length: order.concurrency }, (_, lane) => loop(lane)))
  return { writesPerS: written / ((performance.now() - startedAt) / 1000) }
}

process.on('message', (order: DurableOrder) => {
  void measure(order).then((result) => process.send?.(result))
})
process.once('disconnect', () => process.exit(0))
process.send?.('ready')
