import { statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Paths } from '../config/paths'
import type { PreparedDatabase, StoredContent } from '../database/prepared-database'
import type { ContentStore } from './content-store'
import { codeOf, Failure } from './failure'
import { inLanes } from './lanes'
import { bytesText, type Progress } from './progress'
import type { SumsWriter } from './sums'
import type { Target } from './target'

export interface CopyOptions {
  records: PreparedDatabase
  paths: Paths
  target: Target
  store: ContentStore
  sums: SumsWriter
  progress: Progress
  options: { link: boolean }
}

export interface Copied {
  /** All that the records refer to. */
  count: number
  sizeBytes: number
  /** What was not in the target before. */
  newCount: number
  newBytes: number
  /** Of the copying alone. */
  durationMs: number
  damaged: readonly string[]
}

interface Plan {
  count: number
  sizeBytes: number
  missing: Hashed[]
  damaged: string[]
}

interface Hashed {
  sha256: string
  sizeBytes: number
}

// Small contents wait for the disk, not for the processor.
const laneCount = 8
const planBatch = 2000

/** Copies what the records refer to and the target has not, and writes down the digests of all. */
export async function copyContents(use: CopyOptions): Promise<Copied> {
  const plan = await makePlan(use)
  const newBytes = plan.missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (!use.options.link) await requireRoom(use.target.root, newBytes)
  const startedAtMs = performance.now()
  const { missing } = plan
  const what = use.options.link ? 'Linking contents' : 'Copying contents'
  use.progress.begin({ what, totalBytes: newBytes, totalCount: missing.length })
  await inLanes(missing, laneCount, (content) => take(use, plan, content))
  use.progress.end()
  return {
    count: plan.count,
    sizeBytes: plan.sizeBytes,
    newCount: missing.length,
    newBytes,
    durationMs: Math.round(performance.now() - startedAtMs),
    damaged: plan.damaged,
  }
}

async function makePlan(use: CopyOptions): Promise<Plan> {
  const plan: Plan = { count: 0, sizeBytes: 0, missing: [], damaged: [] }
  for (const content of use.records.storedContents()) {
    plan.count++
    await use.sums.addContent(content.sha256)
    plan.sizeBytes += consider(use, plan, content)
    // The hold is renewed by a timer.
    if (plan.count % planBatch === 0) await nextTurn()
  }
  return plan
}

/** @returns the content's size. */
function consider({ paths, store }: CopyOptions, plan: Plan, content: StoredContent): number {
  const { sha256, isWhole } = content
  const present = store.sizeOf(sha256)
  if (isWhole && present === content.sizeBytes) return present
  const sizeBytes = isWhole ? content.sizeBytes : sizeOfBlob(paths, sha256)
  if (sizeBytes === null) plan.damaged.push(sha256)
  else if (present !== sizeBytes) plan.missing.push({ sha256, sizeBytes })
  return sizeBytes ?? 0
}

function sizeOfBlob(paths: Paths, sha256: string): number | null {
  return statSync(blobAt(paths, sha256), { throwIfNoEntry: false })?.size ?? null
}

async function take(
  { paths, store, progress, options }: CopyOptions,
  plan: Plan,
  { sha256, sizeBytes }: Hashed,
): Promise<void> {
  const from = blobAt(paths, sha256)
  try {
    const kept = options.link ? store.link(from, sha256, sizeBytes) : store.add(from, sha256)
    if (!(await kept)) plan.damaged.push(sha256)
  } catch (error) {
    if (codeOf(error) === 'EXDEV') throw onAnotherDisk()
    if (!isOfSource(error, from)) throw error
    plan.damaged.push(sha256)
  }
  progress.add({ sizeBytes, count: 1 })
}

function blobAt({ blobs }: Paths, sha256: string): string {
  return join(blobs, sha256.slice(0, 2), sha256)
}

/** Missing, or not to be read: the rest can still be saved. */
function isOfSource(error: unknown, from: string): boolean {
  const { code, path, syscall } = error as NodeJS.ErrnoException
  return (code === 'ENOENT' && path === from) || (code === 'EIO' && syscall === 'read')
}

function onAnotherDisk(): Failure {
  return new Failure('--link works only within one file system: leave it out.')
}

/** Better said before the disk is full than after. */
async function requireRoom(directory: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const freeBytes = bavail * bsize
  if (neededBytes <= freeBytes) return
  throw new Failure(
    `The target has ${bytesText(freeBytes)} free and this snapshot needs ${bytesText(neededBytes)} more. Nothing was changed. Make room (npm run backup -- ${directory} --keep N --prune-only deletes old snapshots) and run this again.`,
  )
}
