import { deepStrictEqual } from 'node:assert'
import { byBytes, FileModel, type ModelFile } from './file-model'
import type { Random } from './random'
import { jsonOf, urlOf, type Answer, type Asked, type Session } from './session'

export interface Accounts {
  name: string
  own: Session
  /** Somebody else, who sees what is shared with them and nothing else. */
  friendName: string
  friend: Session
  anyone: Session
}

export const versionsKept = 3

const paths = ['a', 'b.txt', 'd/a', 'd/b', 'd/e/c', 'ü/☃', 'x y', '\u{1f33e}', '\uff21']
const folders = ['d/', 'g/', 'd/e/']

/**
 * One account whose files nobody else changes: every answer must be exactly what the model says. Operations are done one
 * after another, while other clients are at work.
 */
export class OwnClient {
  protected readonly model = new FileModel(versionsKept)
  /** What was done last, to be told when something is wrong. */
  readonly history: string[] = []

  constructor(
    protected readonly use: Accounts,
    protected readonly random: Random,
  ) {}

  protected say(what: string): void {
    this.history.push(what)
    if (this.history.length > 40) this.history.shift()
  }

  protected ask(method: string, path: string, asked?: Asked): Promise<Answer> {
    return this.use.own.ask(method, path, asked)
  }

  protected fileUrl(path: string): string {
    return urlOf('v1', 'files', this.use.name, path)
  }

  protected anyPath(): string {
    const known = [...this.model.files.keys()]
    return known.length > 0 && this.random.chance(0.6)
      ? this.random.pick(known)
      : this.random.pick(paths)
  }

  /** Some of them again and again, also by other clients, so that one content has many files. */
  protected anyContent(): Buffer {
    const { random } = this
    if (random.chance(0.2)) return Buffer.from(`common content ${random.below(4)}`)
    if (random.chance(0.05)) return Buffer.alloc(0)
    return random.bytes(random.chance(0.03) ? 150_000 : random.below(2000))
  }

  async put(): Promise<void> {
    const path = this.anyPath()
    const content = this.anyContent()
    const file = this.model.files.get(path)
    const [headers, holds] = this.random.weighted<readonly [Record<string, string>, boolean]>([
      [6, [{}, true]],
      [1, [{ 'if-none-match': '*' }, file === undefined]],
      [2, [{ 'if-match': file?.etag ?? '"none"' }, file !== undefined]],
      [1, [{ 'if-match': '"another"' }, false]],
    ])
    this.say(`put ${path}, ${content.length} bytes, ${JSON.stringify(headers)}`)
    const answer = await this.ask('PUT', this.fileUrl(path), { headers, body: content })
    if (!holds) {
      same(answer.status, 412)
      return
    }
    same(answer.status, file === undefined ? 201 : 200)
    this.written(path, content, answer)
  }

  /** Takes a write into the model, and holds what was answered against it. */
  protected written(path: string, content: Buffer, answer: Answer): ModelFile {
    const shown = jsonOf<{ etag: string; size: number; version: number; path: string }>(answer)
    const file = this.model.write(path, content, shown.etag)
    const { version, etag } = file
    same(
      { path: shown.path, size: shown.size, version: shown.version, etag: shown.etag },
      { path, size: content.length, version, etag },
    )
    return file
  }

  async get(): Promise<void> {
    const path = this.anyPath()
    const file = this.model.files.get(path)
    const kind = this.random.pick(['whole', 'head', 'range', 'unchanged'] as const)
    this.say(`get ${path}, ${kind}`)
    const method = kind === 'head' ? 'HEAD' : 'GET'
    const headers: Record<string, string> = {
      whole: {},
      head: {},
      range: { range: 'bytes=3-9' },
      unchanged: { 'if-none-match': file?.etag ?? '"none"' },
    }[kind]
    const answer = await this.ask(method, this.fileUrl(path), { headers })
    if (file === undefined) {
      same(answer.status, 404)
      return
    }
    if (kind === 'unchanged') {
      same(answer.status, 304)
      return
    }
    if (kind === 'range' && file.content.length <= 3) {
      same(answer.status, 416)
      return
    }
    same(answer.status, kind === 'range' ? 206 : 200)
    same(answer.headers['etag'], file.etag)
    if (kind === 'head') same(answer.headers['content-length'], String(file.content.length))
    else sameBytes(answer.body, kind === 'range' ? file.content.subarray(3, 10) : file.content)
  }

  async append(): Promise<void> {
    const path = this.anyPath()
    const file = this.model.files.get(path)
    const end = file?.content.length ?? 0
    const isRight = this.random.chance(0.8)
    const more = this.random.bytes(1 + this.random.below(300))
    this.say(`append ${more.length} bytes to ${path} at ${isRight ? end : end + 1}`)
    const headers = {
      'content-type': 'application/octet-stream',
      'upload-offset': isRight ? end : end + 1,
    }
    const answer = await this.ask('PATCH', this.fileUrl(path), { headers, body: more })
    if (file === undefined) {
      same(answer.status, 404)
      return
    }
    if (!isRight) {
      same(answer.status, 409)
      return
    }
    same(answer.status, 200)
    this.written(path, Buffer.concat([file.content, more]), answer)
  }

  async delete(): Promise<void> {
    const path = this.anyPath()
    const file = this.model.files.get(path)
    const isPermanent = this.random.chance(0.25)
    this.say(`delete ${path}${isPermanent ? ' for good' : ''}`)
    if (file !== undefined) await this.idOf(path)
    const query = isPermanent ? '?permanent=true' : ''
    const answer = await this.ask('DELETE', this.fileUrl(path) + query)
    same(answer.status, file === undefined ? 404 : 204)
    if (file !== undefined) this.model.delete(path, isPermanent)
  }

  /** Also holds what is known of the file against the model. */
  protected async idOf(path: string): Promise<string> {
    const file = this.model.files.get(path)!
    const answer = await this.ask('GET', urlOf('v1', 'info', 'files', this.use.name, path))
    same(answer.status, 200)
    const info = jsonOf<{ id: string; version: number; size: number; earlierVersions: number }>(
      answer,
    )
    file.id ??= info.id
    same(
      [info.id, info.version, info.size, info.earlierVersions],
      [file.id, file.version, file.content.length, file.earlier.length],
    )
    return file.id
  }

  async list(): Promise<void> {
    const prefix = this.random.pick(['', 'd', 'd/', 'none/'])
    const byFolder = this.random.chance(0.5)
    const limit = 1 + this.random.below(4)
    this.say(`list ${prefix}${byFolder ? ' by folder' : ''}, ${limit} at once`)
    const query = new URLSearchParams({ owner: this.use.name, prefix, limit: String(limit) })
    if (byFolder) query.set('delimiter', '/')
    const shown: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      if (cursor !== '') query.set('cursor', cursor)
      const answer = await this.ask('GET', `/v1/files?${query.toString()}`)
      same(answer.status, 200)
      const page = jsonOf<Page>(answer)
      const names = [
        ...page.files.map(({ path }) => path),
        ...page.folders.map((one) => one.folder),
      ]
      shown.push(...names.sort(byBytes))
      cursor = page.cursor
    }
    const rest = (path: string) => path.indexOf('/', prefix.length)
    const expected = this.model
      .paths(prefix)
      .map((path) => (byFolder && rest(path) >= 0 ? path.slice(0, rest(path) + 1) : path))
    same(shown, [...new Set(expected)])
  }

  async storage(): Promise<void> {
    this.say('look at the books')
    const answer = await this.ask('GET', urlOf('v1', 'info', 'storage', this.use.name))
    same(answer.status, 200)
    const { usedBytes, versionBytes, trashBytes, reservedBytes } = jsonOf<Books>(answer)
    const books = { usedBytes, versionBytes, trashBytes, reservedBytes }
    same(books, { ...this.model.bytes(), reservedBytes: 0 })
  }

  async copyOrMove(): Promise<void> {
    const op = this.random.pick(['copy', 'move'] as const)
    const [from, to] = this.random.chance(0.7)
      ? [this.anyPath(), this.anyPath()]
      : [this.random.pick(folders), this.random.pick(folders)]
    const overwrite = this.random.chance(0.5)
    this.say(`${op} ${from} to ${to}${overwrite ? ', overwriting' : ''}`)
    const pairs = this.pairsOf(from, to)
    for (const [, target] of pairs) if (this.model.files.has(target)) await this.idOf(target)
    const place = (path: string) => ({ owner: this.use.name, path })
    const operations = [{ op, from: place(from), to: place(to), overwrite }]
    const answer = await this.ask('POST', '/v1/bulk', { json: { operations } })
    // A folder may go into the folder above it, or copied beside itself; never into itself.
    if (pairs.length === 0) {
      same([404, 409].includes(answer.status), true)
      return
    }
    if (this.isRefused(op, { from, to, overwrite, pairs })) {
      same(answer.status, 409)
      return
    }
    same(answer.status, 200)
    const moved = pairs.map(([source]) => this.model.files.get(source)!)
    if (op === 'copy')
      for (const [index, [, target]] of pairs.entries())
        this.model.write(target, moved[index]!.content, moved[index]!.etag)
    else this.moveAll(pairs, moved)
  }

  private pairsOf(from: string, to: string): [string, string][] {
    if (!from.endsWith('/')) return this.model.files.has(from) ? [[from, to]] : []
    return this.model.paths(from).map((path) => [path, to + path.slice(from.length)])
  }

  private isRefused(op: 'copy' | 'move', { from, to, overwrite, pairs }: Bulk): boolean {
    const isInItself = from === to || (from.endsWith('/') && to.startsWith(from))
    if (isInItself) return true
    const leaving = new Set(op === 'move' ? pairs.map(([source]) => source) : [])
    const isTaken = ([, target]: [string, string]) =>
      this.model.files.has(target) && !leaving.has(target)
    return !overwrite && pairs.some(isTaken)
  }

  /** All leave before the first arrives. */
  private moveAll(pairs: [string, string][], moved: ModelFile[]): void {
    for (const [source] of pairs) this.model.files.delete(source)
    for (const [index, [, target]] of pairs.entries()) {
      if (this.model.files.has(target)) this.model.delete(target, false)
      this.model.files.set(target, moved[index]!)
    }
  }
}

interface Bulk {
  from: string
  to: string
  overwrite: boolean
  pairs: [string, string][]
}

interface Page {
  files: { path: string }[]
  folders: { folder: string }[]
  cursor: string | null
}

interface Books {
  usedBytes: number
  versionBytes: number
  trashBytes: number
  reservedBytes: number
}

/** Throws unless the two are the same. */
export function same(actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected)
}

/** Says the lengths rather than thousands of bytes. */
export function sameBytes(actual: Buffer, expected: Buffer): void {
  if (actual.equals(expected)) return
  throw new Error(`${actual.length} bytes came that are not the ${expected.length} expected`)
}
