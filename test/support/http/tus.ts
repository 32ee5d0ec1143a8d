import type { Response, Test } from 'supertest'
import type { TestService } from './test-service'

/** What every request of the protocol says. */
export const tus = { 'Tus-Resumable': '1.0.0' }

export const pieceType = { 'Content-Type': 'application/offset+octet-stream' }

export function uploadMetadata(texts: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = Object.entries(texts).map(
    ([name, text]) => `${name} ${Buffer.from(text).toString('base64')}`,
  )
  return { 'Upload-Metadata': pairs.join(',') }
}

export const codeOf = ({ body }: Response): string => (body as { code: string }).code

type Headers = Record<string, string>

/** An account's requests by the protocol. */
export class TusClient {
  constructor(
    private readonly service: TestService,
    private readonly token: string,
  ) {}

  call(method: string, path: string, headers: Headers = {}): Test {
    return this.service.call(method, path, this.token).set({ ...tus, ...headers })
  }

  /** @returns where an upload goes on; null puts the length off. */
  async begin(lengthBytes: number | null, headers: Headers = {}): Promise<string> {
    const length: Headers =
      lengthBytes === null
        ? { 'Upload-Defer-Length': '1' }
        : { 'Upload-Length': String(lengthBytes) }
    const answer = await this.call('POST', '/v1/uploads', {
      ...{ ...length, ...uploadMetadata({ path: 'a' }), ...headers },
    })
    expect(answer.status).toBe(201)
    expect(answer.get('Location')).toMatch(/^\/v1\/uploads\/[\w-]{22}$/)
    return answer.get('Location')!
  }

  patch(location: string, offset: number, content: Buffer, headers: Headers = {}): Test {
    const all = { ...pieceType, 'Upload-Offset': String(offset), ...headers }
    return this.call('PATCH', location, all).send(content)
  }

  async offsetOf(location: string): Promise<number> {
    const answer = await this.call('HEAD', location).expect(200)
    expect(answer.get('Cache-Control')).toBe('no-store')
    return Number(answer.get('Upload-Offset'))
  }

  /** What is stored at a place, `owner/path`. */
  async read(place: string): Promise<Buffer> {
    const answer = await this.service.call('GET', `/v1/files/${place}`, this.token).buffer(true)
    return Buffer.from(answer.body as Buffer)
  }
}
