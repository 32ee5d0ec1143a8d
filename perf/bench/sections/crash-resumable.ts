import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Service } from '../service'
import { sha256Of, type Ledger } from './crash-ledger'
import { ask } from './crash-requests'

const tus = { 'tus-resumable': '1.0.0' }
const contentBytesMin = 20_000
const contentBytesMax = 120_000
const pieces = 4
const resumePauseMs = 50
const resumesMax = 100

/** Uploads that are sent in pieces, and gone on with after whatever happens to the service meanwhile. */
export class ResumableLoad {
  constructor(
    private readonly service: Service,
    private readonly ledger: Ledger,
  ) {}

  async step(): Promise<boolean> {
    const path = `crash/resumed-${randomBytes(9).toString('hex')}`
    const way = randomInt(6)
    if (way === 0) return this.join(path)
    if (way === 1) return this.giveUp(path)
    return this.resume(path, { isLengthLate: way === 2 })
  }

  private async resume(
    path: string,
    { isLengthLate }: { isLengthLate: boolean },
  ): Promise<boolean> {
    const body = someBytes()
    const length = isLengthLate
      ? { 'upload-defer-length': '1' }
      : { 'upload-length': String(body.length) }
    const at = await this.begin({ ...length, ...this.placeOf(path) })
    if (at === null) return false
    this.ledger.files.set(path, new Set([null, sha256Of(body)]))
    const isDone = await this.sendAll(at, body)
    if (isDone) this.ledger.files.set(path, new Set([sha256Of(body)]))
    return isDone
  }

  /** A file of two parts. */
  private async join(path: string): Promise<boolean> {
    const bodies = [someBytes(), someBytes()]
    const parts: string[] = []
    for (const body of bodies) {
      const length = { 'upload-length': String(body.length) }
      const at = await this.begin({ ...length, 'upload-concat': 'partial' })
      if (at === null || !(await this.sendAll(at, body))) return false
      parts.push(at)
    }
    const headers = { ...tus, 'upload-concat': `final;${parts.join(' ')}`, ...this.placeOf(path) }
    const send = () => ask(this.service, 'POST', '/v1/uploads', { headers })
    const to = sha256Of(Buffer.concat(bodies))
    return (await this.ledger.change('join uploads', { path, to }, send)) !== null
  }

  private async giveUp(path: string): Promise<boolean> {
    const body = someBytes()
    const length = { 'upload-length': String(body.length) }
    const at = await this.begin({ ...length, ...this.placeOf(path) })
    if (at === null || (await this.send(at, body, 0)) === null) return false
    const send = () => ask(this.service, 'DELETE', at, { headers: tus })
    return (await this.ledger.count('give upload up', send)) !== null
  }

  /** @returns its path; null when that was not answered. */
  private async begin(said: Record<string, string>): Promise<string | null> {
    const headers = { ...tus, ...said }
    const answer = await this.ledger.count('begin upload', () =>
      ask(this.service, 'POST', '/v1/uploads', { headers }),
    )
    return answer?.headers.get('location') ?? null
  }

  private placeOf(path: string): Record<string, string> {
    const encode = (text: string) => Buffer.from(text).toString('base64')
    return { 'upload-metadata': `owner ${encode(this.service.account)},path ${encode(path)}` }
  }

  /** @returns whether the last byte was acknowledged. */
  private async sendAll(at: string, body: Buffer): Promise<boolean> {
    let offset = 0
    for (let resumes = 0; offset < body.length && resumes < resumesMax;) {
      const acknowledged = await this.send(at, body, offset)
      if (acknowledged !== null) offset = acknowledged
      else {
        resumes++
        const found = await this.askOffset(at)
        if (found === 'gone') return false
        if (found !== null && found < offset) this.ledger.lostOffsets++
        offset = found ?? offset
        await delay(resumePauseMs)
      }
    }
    return offset === body.length
  }

  private async send(at: string, body: Buffer, offset: number): Promise<number | null> {
    const end = Math.min(body.length, offset + Math.ceil(body.length / pieces))
    const headers = {
      ...tus,
      'upload-offset': String(offset),
      ...(end === body.length ? { 'upload-length': String(end) } : {}),
      'content-type': 'application/offset+octet-stream',
    }
    const answer = await this.ledger.count('continue upload', () =>
      ask(this.service, 'PATCH', at, { headers, body: body.subarray(offset, end) }),
    )
    return answer === null ? null : Number(answer.headers.get('upload-offset'))
  }

  /** Null when there is no answer; 'gone' when there is no such upload any more. */
  private async askOffset(at: string): Promise<number | 'gone' | null> {
    const answer = await ask(this.service, 'HEAD', at, { headers: tus }).catch(() => null)
    if (answer?.status === 404 || answer?.status === 410) return 'gone'
    const offset = answer?.headers.get('upload-offset') ?? null
    return offset === null ? null : Number(offset)
  }
}

/** Some have the same bytes, so that two uploads publish one blob. */
function someBytes(): Buffer {
  const length = randomInt(contentBytesMin, contentBytesMax)
  return randomInt(4) === 0 ? Buffer.alloc(contentBytesMin, 7) : randomBytes(length)
}
