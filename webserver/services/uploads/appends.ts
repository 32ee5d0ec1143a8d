import { setTimeout as delay } from 'node:timers/promises'
import { viewerOf, type Caller } from '../../domain/account'
import type { FileCondition, FileKey, StoredFile } from '../../domain/file'
import { noTiming, type Timing } from '../../domain/timing'
import { admit } from './admission'
import { AppendSession, type AppendBatch, type AppendSessionSettings } from './append-session'
import type { Patch, PatchDependencies, Patches, PatchSettings } from './patches'
import { notAsLong, type UploadResult } from './upload'

export interface AppendSettings extends AppendSessionSettings, PatchSettings {
  /** Files that may have pieces in memory at once; 0 makes every append durable. */
  appendSessionsMax: number
  /** Bytes of all of them. */
  appendBytesMax: number
}

/** Hears what became of the pieces that were held. */
export interface AppendWatch {
  onFlushed(pieces: number, bytes: number): void
  onDropped(pieces: number, bytes: number, error: unknown): void
}

export interface AppendDependencies extends PatchDependencies {
  settings: AppendSettings
  appendWatch?: AppendWatch
}

/** A piece for the end of a file. Its name is checked already. */
export interface Append {
  key: FileKey
  condition: FileCondition
  /** Where the sender believes the end to be, pieces that are held included; null when it does not say. */
  offsetBytes: number | null
  /** Null when the sender does not say it before the bytes end. */
  lengthBytes: number | null
  /** Whether the sender goes on without knowing that the piece is durable. */
  mayBeHeld: boolean
  /** Called once. Throws `AppError` when the body ends early, or is not what it should be. */
  openBody(): AsyncIterable<Buffer>
}

export type AppendResult = UploadResult | { heldToBytes: number }

const pollMs = 50
const waitMsMax = 5000

/**
 * Pieces that a sender lets us hold for a moment, so that many share one commit. Whatever cannot be held, by its nature or for
 * want of room, is written durably at once and judged there; so holding refuses nothing by itself.
 */
export class Appends {
  private readonly sessions = new Map<string, AppendSession>()
  private readonly heldByOwner = new Map<string, number>()
  private heldBytes = 0
  private isEnding = false

  constructor(
    private readonly use: AppendDependencies,
    private readonly patches: Patches,
  ) {}

  /** @throws {AppError} what `Patches.run` says. */
  async append(who: Caller, append: Append, timing: Timing): Promise<AppendResult> {
    const session = this.enter(append.key)
    try {
      if (session !== null) {
        const held = await this.hold(session, { who, append, timing })
        if (held !== 'durably') return held
      }
      return await this.durably(append.key, () =>
        this.patches.run(who, patchOf(append, append.openBody()), timing),
      )
    } finally {
      if (session !== null) this.leave(append.key, session)
    }
  }

  /** Does what changes a file once all that is held of it is durable, so that the order is kept. */
  async durably<T>(key: FileKey, work: () => Promise<T>): Promise<T> {
    const session = this.enter(key)
    if (session === null) return work()
    session.durableInHand++
    try {
      await session.flush()
      return await work()
    } finally {
      session.durableInHand--
      this.leave(key, session)
    }
  }

  /** Makes all that is held durable, and holds nothing from then on. */
  async end(): Promise<void> {
    this.isEnding = true
    await Promise.all([...this.sessions.values()].map((session) => session.flush()))
  }

  private async flushAllOf(owner: string): Promise<void> {
    const own = [...this.sessions].filter(([id]) => id.startsWith(idOf({ owner, path: '' })))
    await Promise.all(own.map(([, session]) => session.flush()))
  }

  /** Null when there are too many, and nothing is held of this file. */
  private enter(key: FileKey): AppendSession | null {
    const id = idOf(key)
    const session = this.sessions.get(id) ?? this.open(id, key)
    if (session !== null) session.users++
    return session
  }

  private open(id: string, key: FileKey): AppendSession | null {
    if (this.isEnding || this.sessions.size >= this.use.settings.appendSessionsMax) return null
    const { settings, appendWatch } = this.use
    const session = new AppendSession({
      ...{ key, settings },
      store: (batch) => this.store(batch),
      onReleased: (bytes) => {
        this.count(key.owner, -bytes)
        this.closeIdle(id, session)
      },
      onFlushed: (pieces, bytes) => appendWatch?.onFlushed(pieces, bytes),
      onDropped: (pieces, bytes, error) => appendWatch?.onDropped(pieces, bytes, error),
    })
    this.sessions.set(id, session)
    return session
  }

  private leave(key: FileKey, session: AppendSession): void {
    session.users--
    this.closeIdle(idOf(key), session)
  }

  private closeIdle(id: string, session: AppendSession): void {
    if (session.users === 0 && session.isEmpty) this.sessions.delete(id)
  }

  private async hold(
    session: AppendSession,
    { who, append, timing }: { who: Caller; append: Append; timing: Timing },
  ): Promise<AppendResult | 'durably'> {
    const leftBytes = await this.learn(session, { who, append, timing })
    const { key, lengthBytes } = append
    // What is held of the owner's other files was promised the room that there is, so it goes before.
    if ((lengthBytes ?? 0) > leftBytes) await this.flushAllOf(key.owner)
    if (lengthBytes === null || lengthBytes > leftBytes || !this.fits(session, who, append))
      return 'durably'
    this.count(key.owner, lengthBytes)
    let isHeld = false
    try {
      const startedAt = timing.now()
      const body = await readWhole(append.openBody(), lengthBytes)
      timing.end('read', startedAt)
      // Others may have come while the body did.
      if ((isHeld = !this.isEnding && this.stands(session, who, append)))
        return { heldToBytes: session.push(who, body, append.offsetBytes !== null) }
      return await this.durably(key, () =>
        this.patches.run(who, patchOf(append, once(body)), timing),
      )
    } finally {
      if (!isHeld) this.count(key.owner, -lengthBytes)
    }
  }

  /**
   * Brings the session up to date with the file, once the piece is admitted. A piece that begins beyond the end may follow
   * others that another worker holds, when nginx has only just changed over: it waits for as long as those are held at most.
   * @returns how many bytes the piece may have without any refusal.
   */
  private async learn(
    session: AppendSession,
    { who, append, timing }: { who: Caller; append: Append; timing: Timing },
  ): Promise<number> {
    const { key, condition, offsetBytes } = append
    const waitMs = Math.min(2 * this.use.settings.appendFlushMs, waitMsMax)
    let giveUpAtMs = performance.now() + waitMs
    for (;;) {
      const { flushCount } = session
      const startedAt = timing.now()
      const viewer = viewerOf(who, this.use.now())
      const room = await admit(this.use, viewer, { key, condition, contentBytes: null })
      timing.end('database', startedAt)
      if (room.current === null) return 0
      if (!session.learn(room.current, flushCount)) {
        await session.flush()
        giveUpAtMs = 0
      }
      const isAhead = offsetBytes !== null && offsetBytes > session.endBytes
      if (!isAhead || performance.now() >= giveUpAtMs)
        return room.bytesMax - room.current.sizeBytes - (this.heldByOwner.get(key.owner) ?? 0)
      await delay(pollMs)
    }
  }

  private fits(session: AppendSession, who: Caller, append: Append): boolean {
    const { condition, lengthBytes, mayBeHeld } = append
    const { appendBytesMax, appendFlushBytes } = this.use.settings
    const bytes = lengthBytes ?? 0
    // A tag names a content as it was committed, which a piece that is held has left already.
    if (condition.ifMatch !== undefined || condition.ifNoneMatch !== undefined) return false
    if (!mayBeHeld || this.isEnding || bytes === 0 || bytes > appendFlushBytes) return false
    if (session.heldBytes + bytes > 2 * appendFlushBytes) return false
    return this.heldBytes + bytes <= appendBytesMax && this.stands(session, who, append)
  }

  private stands(session: AppendSession, who: Caller, { offsetBytes }: Append): boolean {
    if (!session.takesFrom(who)) return false
    if (offsetBytes === null) return !this.use.settings.requirePatchCondition
    return offsetBytes === session.endBytes
  }

  private count(owner: string, bytes: number): void {
    this.heldBytes += bytes
    const ofOwner = (this.heldByOwner.get(owner) ?? 0) + bytes
    if (ofOwner === 0) this.heldByOwner.delete(owner)
    else this.heldByOwner.set(owner, ofOwner)
  }

  /** Flushes are few, one for each session, and must not be refused for the uploads that are in hand. */
  private async store({ key, who, bytes, after }: AppendBatch): Promise<StoredFile> {
    const patch = patchOf(
      {
        key,
        condition: after === null ? {} : { ifMatch: [after.etag] },
        offsetBytes: after?.offsetBytes ?? null,
        lengthBytes: bytes.length,
      },
      once(bytes),
    )
    return (await this.patches.store(who, patch, noTiming)).file
  }
}

function idOf({ owner, path }: FileKey): string {
  return `${owner}/${path}`
}

function patchOf(
  {
    key,
    condition,
    offsetBytes,
    lengthBytes,
  }: Pick<Append, 'key' | 'condition' | 'offsetBytes' | 'lengthBytes'>,
  bytes: AsyncIterable<Buffer>,
): Patch {
  const place = { kind: 'append', offsetBytes } as const
  return { key, condition, parts: () => once({ place, lengthBytes, completeBytes: null, bytes }) }
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* once<T>(value: T): AsyncGenerator<T> {
  yield value
}

async function readWhole(body: AsyncIterable<Buffer>, lengthBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of body) {
    sizeBytes += chunk.length
    if (sizeBytes > lengthBytes) break
    chunks.push(chunk)
  }
  if (sizeBytes === lengthBytes) return Buffer.concat(chunks)
  throw notAsLong()
}
