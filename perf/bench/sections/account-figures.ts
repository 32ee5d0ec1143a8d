import { randomUUID } from 'node:crypto'
import { configSchema } from '../../../webserver/config/schema'
import { wholeBlob } from '../../../webserver/domain/content'
import type { FileCommit } from '../../../webserver/domain/database'
import { AccountBytes } from '../../../webserver/database/sqlite/account-bytes'
import { openWriteConnection } from '../../../webserver/database/sqlite/connection'
import { prepareSqlite } from '../../../webserver/database/sqlite/prepare'
import { openSqliteStore } from '../../../webserver/database/sqlite/store'
import type { Operation, Store } from '../../../webserver/database/operations'
import { directoryFor, type Bench } from '../bench'
import { ForeignLoad } from '../foreign-load'
import { conditions } from '../results'
import { median, percent, table } from '../statistics'

const batchSizes = [1, 16, 64]
const batchesPerRound = 100
const owner = { accountId: 'ann-id', name: 'ann', seesAll: false, linkId: null, nowMs: 1 }

interface Cost {
  batch: number
  /** Microseconds for each file committed: all of it, and what the account's figures are of that. */
  wholeUs: number[]
  figuresUs: number[]
}

/**
 * What leasing an account's storage figures to the workers could save: the two statements that the writer runs for them
 * in each commit, beside the commit they are part of.
 */
export async function accountFigures(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const directory = directoryFor(bench, 'account-figures')
  await prepareSqlite(directory).close()
  const store = openSqliteStore(directory, configSchema.parse({}).database.walBytesMax)
  store.commit([{ name: 'accounts.create', args: [newAccount()] }])
  const costs = batchSizes.map((batch): Cost => ({ batch, wholeUs: [], figuresUs: [] }))
  for (let round = 0; round < bench.rounds; round++)
    for (const { batch, wholeUs, figuresUs } of costs) {
      wholeUs.push(commitCost(store, batch))
      figuresUs.push(figuresCost(directory, batch))
    }
  store.close()
  return describe(costs, foreign.share())
}

function commitCost(store: Store, batch: number): number {
  return microsecondsOf(batch, () => {
    const outcomes = store.commit(Array.from({ length: batch }, newFile))!
    for (const outcome of outcomes) if ('error' in outcome) throw outcome.error
  })
}

/** Not committed, since the fsync belongs to the file's own rows. */
function figuresCost(directory: string, batch: number): number {
  const connection = openWriteConnection(directory)
  const bytes = new AccountBytes(connection)
  connection.exec('BEGIN IMMEDIATE')
  const costUs = microsecondsOf(batch, () => {
    for (let count = 0; count < batch; count++) {
      bytes.change(owner.accountId, { used: 1 })
      bytes.requireRoom(owner.accountId)
    }
  })
  connection.exec('ROLLBACK')
  connection.close()
  return costUs
}

/** For each of the `batch` items that `work` does at once. */
function microsecondsOf(batch: number, work: () => void): number {
  const startedAt = performance.now()
  for (let count = 0; count < batchesPerRound; count++) work()
  return ((performance.now() - startedAt) * 1000) / (batchesPerRound * batch)
}

function newAccount() {
  const rest = { role: 'member', passwordHash: 'x', nowMs: 1, onlyIfFirst: false }
  return { id: owner.accountId, name: owner.name, quotaBytes: 2 ** 50, ...rest }
}

function newFile(): Operation {
  const id = randomUUID()
  const sha256 = (id + id).replaceAll('-', '')
  const args: FileCommit = {
    ...{ id, key: { owner: owner.name, path: `small/${id}` }, ...wholeBlob(sha256, 4096) },
    ...{ contentType: 'text/plain', metadata: null, condition: {}, nowMs: 1 },
    ...{ linked: [sha256], versionsKept: 0, upload: null },
  }
  return { name: 'files.commit', args: [owner, args] }
}

function describe(costs: readonly Cost[], foreignShare: number): string {
  const rows = costs.map(({ batch, wholeUs, figuresUs }) => [
    String(batch),
    median(wholeUs).toFixed(1),
    median(figuresUs).toFixed(1),
    percent(median(figuresUs) / median(wholeUs)),
  ])
  return `## What the storage figures of an account cost a small upload

${conditions()}. Foreign ${percent(foreignShare)}.

In the writer, for each new file of 4 KB, by the files that share a commit. Workers that held the figures in memory and
wrote them now and then could save no more than the last column, of the database's part alone.

${table(['files at once', 'commit µs', 'the figures of it µs', '**share**'], rows)}
`
}
