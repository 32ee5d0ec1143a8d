import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Config } from './schema'

// sun_path holds 108 bytes with its NUL; the longest name below it is `engine-256.sock.<pid>.new`.
const socketDirectoryBytesMax = 75

export type SocketName = `worker-${number}` | `engine-${number}` | 'database'

/** Every path the service uses, absolute. Names only: nothing is created here. */
export interface Paths {
  data: string
  lock: string
  /** Which primary has the data directory; there from start to clean stop. */
  owner: string
  firstAccountToken: string
  /** What URLs are signed with. Deleting it and starting anew makes all that were signed worthless. */
  signingKey: string
  blobs: string
  drafts: string
  /** Where a backup says that no blob may be removed (blobs/disk/holds.ts). */
  holds: string
  database: string
  models: string
  /** What engines load (model/model-plan.ts), written by the primary. */
  modelPlan: string
  /** Which regions of shared memory are registered (model/shared-memory.ts), written by the primary. */
  sharedMemory: string
  /** Models that were sent instead of placed in the models directory. */
  uploadedModels: string
  /** What is known of the model files (model/checker/). */
  modelChecks: string
  perfLogs: string
  /** Sockets, nginx's files: worth nothing once the service has stopped. */
  run: string
  socket(name: SocketName): string
}

export function pathsOf(config: Config): Paths {
  const data = resolve(config.data.directory)
  const run = runDirectory(data)
  return {
    data,
    lock: join(data, 'primary.lock'),
    owner: join(data, 'primary.json'),
    firstAccountToken: join(data, 'first-account-token'),
    signingKey: join(data, 'signing-key'),
    blobs: join(data, 'blobs'),
    drafts: join(data, 'drafts'),
    holds: join(data, 'holds'),
    database: join(data, 'database'),
    models:
      config.models.directory === '' ? join(data, 'models') : resolve(config.models.directory),
    uploadedModels: join(run, 'models'),
    modelPlan: join(run, 'models.json'),
    modelChecks: join(data, 'model-checks.json'),
    sharedMemory: join(run, 'shared-memory.json'),
    perfLogs: resolve(config.perf.directory),
    run,
    socket: (name) => join(run, `${name}.sock`),
  }
}

/** `run/` of the data directory, or, where that is too long for a socket's name, a directory of its own in the system's. */
function runDirectory(data: string): string {
  const beside = join(data, 'run')
  if (Buffer.byteLength(beside) <= socketDirectoryBytesMax) return beside
  const digest = createHash('sha256').update(data).digest('hex').slice(0, 16)
  return join(tmpdir(), `gristmill-${digest}`)
}
