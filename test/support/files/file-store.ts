import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { openDiskBlobStore } from '../../../webserver/blobs/disk/disk-blob-store'
import { configSchema, type Config } from '../../../webserver/config/schema'
import type { Caller } from '../../../webserver/domain/account'
import type { BlobStore } from '../../../webserver/domain/blob-store'
import type { Database } from '../../../webserver/domain/database'
import type { FileCondition } from '../../../webserver/domain/file'
import type { PatchPart, PatchPlace } from '../../../webserver/domain/patch'
import { noTiming } from '../../../webserver/domain/timing'
import { CompactionService } from '../../../webserver/services/compaction-service'
import { FileService } from '../../../webserver/services/file-service'
import { inconsistenciesOf } from '../database/consistency'
import { ScratchDatabase, type Kind } from '../database/scratch-database'

/** Bytes, and where in a file they go. */
export interface Written {
  place: PatchPlace
  content: Buffer
}

const owner = 'alice'

/** The services of files on a real database and a real store, with a clock that tests move. */
export class FileStore {
  nowMs = 1000

  private constructor(
    private readonly scratch: ScratchDatabase,
    private readonly backends: { database: Database; blobs: BlobStore },
    private readonly settings: Config['files'],
    readonly caller: Caller,
  ) {}

  static async start(kind: Kind, settings: Partial<Config['files']>): Promise<FileStore> {
    const scratch = await ScratchDatabase.create(kind)
    await scratch.startWriter()
    const database = await scratch.open()
    const account = await database.accounts.create({
      ...{ id: randomUUID(), name: owner, role: 'member', passwordHash: '' },
      ...{ quotaBytes: 1e9, nowMs: 1000, onlyIfFirst: true },
    })
    const caller = { accountId: account.id, name: owner, role: 'member', sessionId: '' } as const
    const blobs = await openDiskBlobStore(scratch.paths)
    const all = { ...configSchema.parse({}).files, ...settings }
    return new FileStore(scratch, { database, blobs }, all, caller)
  }

  /** @returns what does not balance. */
  async stop(): Promise<unknown[]> {
    await this.scratch.drainWriter()
    const inconsistencies = inconsistenciesOf(this.scratch)
    await this.scratch.destroy()
    return inconsistencies
  }

  get database(): Database {
    return this.backends.database
  }

  get files(): FileService {
    return new FileService({ ...this.use, holder: 'this' })
  }

  get compaction(): CompactionService {
    return new CompactionService(this.use)
  }

  async put(path: string, content: Buffer | string) {
    const bytes = Buffer.from(content)
    const upload = {
      ...{ key: { owner, path }, contentType: null, condition: {} },
      ...{ declaredBytes: bytes.length, openBody: () => bytesOf(bytes) },
    }
    return (await this.files.put(this.caller, upload, noTiming)).file
  }

  /** @param meanwhile what happens after the file was looked at and before the bytes come. */
  async patch(
    path: string,
    written: readonly Written[],
    {
      condition = {},
      meanwhile,
    }: { condition?: FileCondition; meanwhile?: () => Promise<unknown> } = {},
  ) {
    const parts = () => partsOf(written, meanwhile)
    const patch = { key: { owner, path }, condition, parts }
    return (await this.files.patch(this.caller, patch, noTiming)).file
  }

  open(path: string) {
    return this.files.get(this.caller, { owner, path }, noTiming)
  }

  async read(path: string): Promise<Buffer> {
    const open = await this.open(path)
    const { sizeBytes } = open.file
    return sizeBytes === 0 ? Buffer.alloc(0) : buffer(await open.read(0, sizeBytes - 1))
  }

  /** Removes every blob that nothing refers to, with its record, as two sweeps an age apart do. */
  async sweep(): Promise<void> {
    const args = { beforeMs: Number.MAX_SAFE_INTEGER, nowMs: 0, limit: 100_000 }
    const { database, blobs } = this.backends
    for (const sha256 of await database.blobs.condemn(args)) await blobs.remove(sha256)
    await database.blobs.forget(args)
  }

  private get use() {
    const { backends, settings } = this
    return { ...backends, settings, now: () => this.nowMs }
  }
}

/* eslint-disable @typescript-eslint/require-await -- bytes that are there already */
async function* bytesOf(content: Buffer): AsyncGenerator<Buffer> {
  yield content
}
/* eslint-enable @typescript-eslint/require-await */

async function* partsOf(
  written: readonly Written[],
  meanwhile?: () => Promise<unknown>,
): AsyncGenerator<PatchPart> {
  await meanwhile?.()
  for (const { place, content } of written)
    yield { place, lengthBytes: content.length, completeBytes: null, bytes: bytesOf(content) }
}
