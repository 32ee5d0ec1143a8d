import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import type { BlobStore, StoredBlob } from '../domain/blob-store'
import { blobNeedsOf, firstContentPosition, type ContentUse } from '../domain/content-use'
import type { Inspection } from '../database/inspection'
import { walkRecords, walkStore } from '../services/store-walk'
import type { Findings } from './finding'
import type { Progress } from './progress'

export interface StoreExamination {
  records: Inspection
  blobs: BlobStore
  findings: Findings
  progress: Progress
  /** What is younger may belong to an upload in hand. */
  ageMs: number
  /** How many blobs are hashed; null for all. */
  sample: number | null
  repair: boolean
}

/** Compares what lies on the disk with the records, in both directions. Throws on any read error. */
export async function checkStore(use: StoreExamination): Promise<void> {
  const { unknown, foreign, sampled, seen } = await walkDisk(use)
  const wrong = await hashAll(use, sampled)
  await reportUnknown(use, unknown)
  reportForeign(use, foreign)
  await reportDamage(use, wrong)
  const how = use.sample === null ? 'all' : 'a sample'
  if (wrong.size === 0)
    use.findings.add(
      'ok',
      'digests',
      `${sampled.length} of ${seen} blobs hashed (${how}), as named`,
    )
  await checkDrafts(use)
}

async function walkDisk({ records, blobs, progress, ageMs, sample, repair }: StoreExamination) {
  const unknown: StoredBlob[] = []
  const foreign: string[] = []
  const sampled: string[] = []
  let seen = 0
  // While it is stopped nothing is on its way.
  const changedBeforeMs = repair ? Infinity : Date.now() - ageMs
  for await (const step of walkStore(blobs, records, { after: '', changedBeforeMs })) {
    unknown.push(...step.unknown)
    foreign.push(...step.foreign.map(({ name }) => name))
    for (const name of step.names) {
      seen++
      takeSample(sampled, name, { seen, sample })
    }
    progress.say(`${seen} blobs on disk`)
  }
  return { unknown, foreign, sampled, seen }
}

/** Each name has the same chance to be among the sample, however many come. */
function takeSample(
  sampled: string[],
  name: string,
  { seen, sample }: { seen: number; sample: number | null },
): void {
  if (sample === null || sampled.length < sample) {
    sampled.push(name)
    return
  }
  const place = Math.floor(Math.random() * seen)
  if (place < sample) sampled[place] = name
}

/** @returns the digests whose bytes are others. */
async function hashAll(
  { blobs, progress }: StoreExamination,
  sampled: readonly string[],
): Promise<Set<string>> {
  const wrong = new Set<string>()
  let readBytes = 0
  for (const [index, sha256] of sampled.entries()) {
    const sizeBytes = await blobs.sizeOf(sha256)
    if (sizeBytes === null) continue
    const hash = createHash('sha256')
    if (sizeBytes > 0) await pipeline(await blobs.read(sha256, 0, sizeBytes - 1), hash)
    if (hash.digest('hex') !== sha256) wrong.add(sha256)
    readBytes += sizeBytes
    progress.say(`${index + 1} of ${sampled.length} blobs hashed`, readBytes)
  }
  return wrong
}

async function reportUnknown(
  { findings, blobs, repair }: StoreExamination,
  unknown: readonly StoredBlob[],
): Promise<void> {
  const bytes = unknown.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (repair && unknown.length > 0) {
    for (const { name } of unknown) await blobs.remove(name)
    findings.add('repaired', 'blobs', `removed ${unknown.length} without a record, ${bytes} bytes`)
    return
  }
  findings.list(
    {
      level: 'warn',
      check: 'blobs',
      fine: 'every blob on disk has a record',
      wrong: `blobs without a record, ${bytes} bytes:`,
      advice: 'A running service removes them by itself; --repair does it at once.',
    },
    unknown.map(({ name }) => name),
  )
}

function reportForeign({ findings }: StoreExamination, foreign: readonly string[]): void {
  const check = 'foreign files'
  findings.list(
    {
      level: 'warn',
      check,
      fine: 'nothing but blobs lies among the blobs',
      wrong: 'entries among the blobs are none:',
      advice: 'They were put there by something else: look at them, and remove them by hand.',
    },
    foreign,
  )
}

async function reportDamage(use: StoreExamination, wrong: ReadonlySet<string>): Promise<void> {
  const lines: string[] = []
  let seen = 0
  for await (const step of walkRecords(use.blobs, use.records, firstContentPosition)) {
    for (const { use: content, foundBytes, neededBytes } of step.damaged) {
      const found = foundBytes === null ? 'missing' : `${foundBytes} bytes`
      lines.push(`${nameOf(content)}: content is ${found}, ${neededBytes} bytes are needed`)
    }
    for (const content of step.uses)
      if (blobNeedsOf(content).some(({ sha256 }) => wrong.has(sha256)))
        lines.push(`${nameOf(content)}: the bytes are not those that were stored`)
    seen += step.seen
    use.progress.say(`${seen} contents in the records`)
  }
  use.findings.list(
    {
      level: 'fail',
      check: 'contents',
      fine: `all ${seen} contents that the records promise are there, of their size`,
      wrong: 'contents are damaged:',
      advice:
        'Restore their blobs from a backup, by the same names; the records are kept for it. Look at the disk.',
    },
    lines,
  )
}

function nameOf({ place, owner, path, version, fileId }: ContentUse): string {
  const where = { file: 'file', version: 'earlier version of', trash: 'in the trash:' }[place]
  return `${where} ${owner}/${path ?? fileId} (version ${version})`
}

async function checkDrafts(use: StoreExamination): Promise<void> {
  const { blobs, records, findings, ageMs, repair } = use
  const names: string[] = []
  for await (const { name, untouchedMs } of blobs.listDrafts())
    if (untouchedMs > (repair ? 0 : ageMs)) names.push(name)
  const inUse = records.draftsInUse(names)
  const left = names.filter((name) => !inUse.has(name))
  if (repair && left.length > 0) {
    for (const name of left) await blobs.removeDraft(name)
    findings.add('repaired', 'drafts', `removed ${left.length} that no upload continues`)
    return
  }
  findings.list(
    {
      level: 'warn',
      check: 'drafts',
      fine: 'every draft belongs to an upload',
      wrong: 'drafts that no upload continues:',
      advice: 'A running service removes them by itself; --repair does it at once.',
    },
    left,
  )
}
