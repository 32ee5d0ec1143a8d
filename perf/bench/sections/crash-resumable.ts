import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Service } from '../service'
import { sha256Of, type Ledger } from './crash-ledger'
import { ask, type Answer } from './crash-requests'

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
    // Some have the same bytes, so that two uploads publish one blob.
    const length = randomInt(contentBytesMin, contentBytesMax)
    const body = randomInt(4) === 0 ? Buffer.alloc(contentBytesMin, 7) : randomBytes(length)
    const created = await this.ledger.count('begin upload', () => this.create(path, body.length))
    const location = created?.headers.get('location') ?? null
    if (location === null) return false
    this.ledger.files.set(path, new Set([null, sha256Of(body)]))
    const isDone = await this.sendAll(new URL(location, this.service.url).pathname, body)
    if (isDone) this.ledger.files.set(path, new Set([sha256Of(body)]))
    return isDone
  }

  private create(path: string, length: number): Promise<Answer> {
    const encode = (text: string) => Buffer.from(text).toString('base64')
    const metadata = `owner ${encode(this.service.account)},path ${encode(path)}`
    const headers = { ...tus, 'upload-length': String(length), 'upload-metadata': metadata }
    return ask(this.service, 'POST', '/v1/uploads', { headers })
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
