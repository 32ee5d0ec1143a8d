import { randomBytes } from 'node:crypto'
import { link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { configSchema } from '../../../webserver/config/schema'
import { boundLog, openWriteConnection } from '../../../webserver/database/sqlite/connection'

/** Keep so many small contents durably, so many at once, for so long. */
export interface DurableOrder {
  directory: string
  sizeBytes: number
  concurrency: number
  durationMs: number
  /** Where a database is in which each is recorded by a commit of its own; null keeps no records. */
  recordsDirectory: string | null
}

export interface DurableResult {
  writesPerS: number
}

const { walBytesMax } = configSchema.parse({}).database

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

/** Commits as the service's database does: the log is on the disk when this returns. */
function recorder(directory: string): { record(name: string): void; close(): void } {
  const records = openWriteConnection(directory)
  boundLog(records, walBytesMax)
  records.exec('CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, at_ms INTEGER)')
  const insert = records.prepare('INSERT INTO files VALUES (?, ?)')
  return { record: (name) => insert.run(name, Date.now()), close: () => records.close() }
}

async function measure(order: DurableOrder): Promise<DurableResult> {
  const records = order.recordsDirectory === null ? null : recorder(order.recordsDirectory)
  const content = randomBytes(order.sizeBytes)
  const startedAt = performance.now()
  let written = 0
  const loop = async (lane: number) => {
    for (let count = 0; performance.now() - startedAt < order.durationMs; count++) {
      const name = `${process.pid}-${startedAt}-${lane}-${count}`
      await keep(order.directory, name, content)
      records?.record(name)
      written++
    }
  }
  await Promise.all(Array.from({ length: order.concurrency }, (_, lane) => loop(lane)))
  const writesPerS = written / ((performance.now() - startedAt) / 1000)
  records?.close()
  return { writesPerS }
}

process.on('message', (order: DurableOrder) => {
  void measure(order).then((result) => process.send?.(result))
})
process.once('disconnect', () => process.exit(0))
process.send?.('ready')
