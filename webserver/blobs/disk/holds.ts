import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from './disk-errors'

/** Keeps every blob of a store where it is, for a reader that is no process of the service: a backup. */
export interface Hold {
  /** Whether it could not be renewed in time: blobs may have been removed since. */
  hasLapsed(): boolean
  release(): Promise<void>
}

// A holder that is killed keeps blobs from being removed for so long at most.
const lifetimeMs = 60_000
const renewalMs = 10_000
const holdName = /\.hold$/

/** A hold is a file in `directory` that says until when; whoever sets out to remove blobs looks there first. */
export async function takeHold(directory: string): Promise<Hold> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, `${randomBytes(8).toString('hex')}.hold`)
  let untilMs = 0
  let lapsed = false
  const renew = async () => {
    lapsed ||= untilMs !== 0 && Date.now() > untilMs
    const next = Date.now() + lifetimeMs
    await writeFile(`${path}.new`, JSON.stringify({ pid: process.pid, untilMs: next }), {
      mode: 0o600,
    })
    await rename(`${path}.new`, path)
    untilMs = next
  }
  await renew()
  // A renewal that fails is made up for by the next; if none is, the hold lapses.
  let renewing = Promise.resolve()
  const timer = setInterval(() => {
    renewing = renew().catch(() => undefined)
  }, renewalMs)
  return {
    hasLapsed: () => lapsed || Date.now() > untilMs,
    async release() {
      clearInterval(timer)
      await renewing
      await Promise.all([path, `${path}.new`].map((name) => rm(name, { force: true })))
    },
  }
}

/** Whether any hold is in force. Throws on any read error: what cannot be read may be a hold. */
export async function isHeld(directory: string): Promise<boolean> {
  for (const name of await namesIn(directory))
    if ((await endOf(join(directory, name))) > Date.now()) return true
  return false
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => holdName.test(name))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** When a hold ends, in ms since 1970; 0 when it was released in this moment. */
async function endOf(path: string): Promise<number> {
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as { untilMs: number }).untilMs
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0
    throw error
  }
}
