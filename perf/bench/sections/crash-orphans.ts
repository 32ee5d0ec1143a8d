import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Service } from '../service'

const pageSize = 1000
const clearedTimeoutMs = 30_000

/** What no file refers to: drafts of uploads that never ended, and blobs without a record. */
export interface Orphans {
  drafts: number
  blobs: number
  /** Files whose blob is not there. */
  missing: number
}

/** Waits as long as two sweeps need for the orphans to be gone. @returns those that stay. */
export async function orphansThatStay(service: Service): Promise<Orphans> {
  const endsAt = performance.now() + clearedTimeoutMs
  for (;;) {
    const orphans = await findOrphans(service)
    const none = orphans.drafts + orphans.blobs + orphans.missing === 0
    if (none || performance.now() > endsAt) return orphans
    await delay(250)
  }
}

export async function findOrphans(service: Service): Promise<Orphans> {
  const referenced = await referencedDigests(service)
  const stored = new Set(
    filesBelow(join(service.dataDirectory, 'blobs')).filter((name) => /^[0-9a-f]{64}$/.test(name)),
  )
  return {
    drafts: filesBelow(join(service.dataDirectory, 'drafts')).length,
    blobs: [...stored].filter((digest) => !referenced.has(digest)).length,
    missing: [...referenced].filter((digest) => !stored.has(digest)).length,
  }
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
}

/** The digests of all files, from the listing that an admin sees. */
async function referencedDigests({ url, client }: Service): Promise<Set<string>> {
  const digests = new Set<string>()
  let cursor: string | null = null
  do {
    const page = new URL(`/v1/files?limit=${pageSize}`, url)
    if (cursor !== null) page.searchParams.set('cursor', cursor)
    const response = await fetch(page, { headers: { authorization: client.authorization } })
    if (!response.ok) throw new Error(`listing: ${response.status} ${await response.text()}`)
    const answer = (await response.json()) as { files: { sha256: string }[]; cursor: string | null }
    for (const { sha256 } of answer.files) digests.add(sha256)
    cursor = answer.cursor
  } while (cursor !== null)
  return digests
}
