import { createHmac, timingSafeEqual } from 'node:crypto'
import { viewerOf, type Caller } from '../domain/account'
import type { Database } from '../domain/database'
import { AppError } from '../domain/errors'
import { requireFileKey, type FileKey, type StoredFile } from '../domain/file'
import type { Timing } from '../domain/timing'
import { noSuchFile, requireRight } from './access'
import type { FileService, PutFile } from './file-service'
import type { OpenFile } from './open-content'
import type { UploadResult } from './uploads/upload'

export const signedMethods = ['GET', 'PUT'] as const
export type SignedMethod = (typeof signedMethods)[number]

export interface SignedUrlSettings {
  lifetimeMsMax: number
}

export interface SignedUrlDependencies {
  database: Database
  files: FileService
  settings: SignedUrlSettings
  /** What this service's URLs are signed with; with another one they are worthless. */
  key: string
  now: () => number
}

export interface SignedUrlRequest {
  key: FileKey
  method: SignedMethod
  lifetimeMs: number
  /** Of a GET: whether the file is to be saved, though a browser could show it. */
  asAttachment: boolean
  /** Of a PUT: most bytes of the content; null leaves it to the service. */
  bytesMax: number | null
}

/** What a signed URL says. Short names: all of it is in the address. */
interface Statement {
  /** Account and its `authEpoch`: what ends its sessions ends its URLs. */
  a: string
  n: number
  m: SignedMethod
  o: string
  p: string
  /** Of a GET, the file that was there: another one at the same path is not meant. */
  f: string | null
  d: boolean
  b: number | null
  /** It counts until just before, in ms since 1970. */
  x: number
}

export type SignedUpload = Pick<PutFile, 'condition' | 'contentType' | 'declaredBytes' | 'openBody'>

/**
 * URLs that let whoever has them do one thing with one file for some minutes. Nothing is stored: a signature shows that we
 * made them, and what their maker may do is judged when they are used.
 */
export class SignedUrlService {
  constructor(private readonly use: SignedUrlDependencies) {}

  /** @throws {AppError} `invalid`, `not_found`, `forbidden`. */
  async sign(
    caller: Caller,
    { key, method, lifetimeMs, asAttachment, bytesMax }: SignedUrlRequest,
    timing: Timing,
  ): Promise<{ token: string; expiresAtMs: number }> {
    const { database, settings, now } = this.use
    if (lifetimeMs > settings.lifetimeMsMax)
      throw new AppError(
        'invalid',
        `A signed URL lives for ${settings.lifetimeMsMax / 1000} s at most`,
        {
          field: 'expiresInS',
        },
      )
    const { owner, path } = requireFileKey(key)
    const startedAt = timing.now()
    const account = await database.accounts.find(caller.accountId)
    const file = await this.requireFile(caller, { owner, path }, method)
    timing.end('database', startedAt)
    if (account === null) throw noSuchFile()
    const x = now() + lifetimeMs
    const statement: Statement = {
      ...{ a: account.id, n: account.authEpoch, m: method, o: owner, p: path },
      ...{ f: file?.id ?? null, d: asAttachment, b: bytesMax, x },
    }
    return { token: this.tokenOf(statement), expiresAtMs: x }
  }

  /** @throws {AppError} what `open` says; `not_found` also when another file is there now. */
  async read(token: string, timing: Timing): Promise<{ open: OpenFile; asAttachment: boolean }> {
    const { caller, statement } = await this.open(token, 'GET')
    const open = await this.use.files.get(caller, keyOf(statement), timing)
    if (open.file.id !== statement.f) throw noSuchFile()
    return { open, asAttachment: statement.d }
  }

  /** @throws {AppError} what `open` says, and `FileService.put`. */
  async write(token: string, upload: SignedUpload, timing: Timing): Promise<UploadResult> {
    const { caller, statement } = await this.open(token, 'PUT')
    const bytesMax = statement.b ?? Infinity
    return this.use.files.put(caller, { ...upload, bytesMax, key: keyOf(statement) }, timing)
  }

  /**
   * @throws {AppError} `not_found` for what we did not sign, or not for this method; `gone` when it has expired or its
   * maker's sessions were ended.
   */
  private async open(token: string, method: SignedMethod) {
    const statement = this.statementOf(token)
    if (statement?.m !== method) throw unknownUrl()
    const account = await this.use.database.accounts.find(statement.a)
    if (account?.authEpoch !== statement.n || statement.x <= this.use.now())
      throw new AppError('gone', 'This URL no longer works')
    const { id: accountId, name, role } = account
    // There is no session behind it, so there is none that it could end.
    const caller: Caller = { accountId, name, role, sessionId: '' }
    return { caller, statement }
  }

  private async requireFile(
    caller: Caller,
    key: FileKey,
    method: SignedMethod,
  ): Promise<StoredFile | null> {
    const { database, now } = this.use
    const viewer = viewerOf(caller, now())
    await requireRight(database, viewer, { key, needed: method === 'GET' ? 'view' : 'edit' })
    if (method === 'PUT') return null
    const file = await database.files.find(viewer, key)
    if (file === null) throw noSuchFile()
    return file
  }

  private tokenOf(statement: Statement): string {
    const payload = Buffer.from(JSON.stringify(statement)).toString('base64url')
    return `${payload}.${this.signatureOf(payload)}`
  }

  private statementOf(token: string): Statement | null {
    const [payload = '', signature = '', more] = token.split('.')
    const expected = Buffer.from(this.signatureOf(payload))
    const given = Buffer.from(signature)
    if (more !== undefined || given.length !== expected.length) return null
    if (!timingSafeEqual(given, expected)) return null
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Statement
  }

  private signatureOf(payload: string): string {
    // The purpose is signed too, so that no signature of another purpose will ever fit.
    return createHmac('sha256', this.use.key).update(`signed-url\n${payload}`).digest('base64url')
  }
}

function keyOf({ o, p }: Statement): FileKey {
  return { owner: o, path: p }
}

function unknownUrl(): AppError {
  return new AppError('not_found', 'There is nothing at this address')
}
