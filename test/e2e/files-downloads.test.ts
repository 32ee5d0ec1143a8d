import { createHash } from 'node:crypto'
import { Client, type Received } from '../support/files/client'
import { contents, downloadCases, joined, type DownloadCase } from '../support/files/download-cases'
import { commitJoined } from '../support/files/joined-file'
import { partsOf } from '../support/files/multipart'
import { startService, type Service } from '../support/service/start-service'

const base = '/v1/files/alice/'
const contentType = 'text/x-test'

interface Stored {
  etag: string
  updatedAtMs: number
}

describe.each([true, false])('a download with nginx: %s', (nginx) => {
  let service: Service
  let alice: Client
  const stored = new Map<string, Stored>()

  beforeAll(async () => {
    service = await startService({ nginx })
    const admin = await Client.first(service.url, service.firstAccountToken())
    alice = await admin.makeMember('alice')
    for (const [file, body] of Object.entries(contents))
      if (file !== joined.file) stored.set(file, await put(file, body))
    stored.set(joined.file, await join())
  })
  afterAll(() => service.dispose())

  async function put(file: string, body: Buffer): Promise<Stored> {
    const headers = { 'content-type': contentType }
    const answer = await alice.send({ method: 'PUT', path: base + file, headers, body })
    const { updatedAt, etag } = JSON.parse(answer.body.toString()) as Record<string, string>
    return { etag: etag!, updatedAtMs: Date.parse(updatedAt!) }
  }

  function join(): Promise<Stored> {
    const blob = createHash('sha256').update(contents['large.bin']!).digest('hex')
    const extents = joined.pieces.map(({ startByte, endByte }) => ({
      ...{ sha256: blob, startByte, lengthBytes: endByte + 1 - startByte },
    }))
    const key = { owner: 'alice', path: joined.file }
    return commitJoined(service.dataDirectory, { key, contentType, extents })
  }

  const dateOf = (file: string, offsetMs = 0) =>
    new Date(stored.get(file)!.updatedAtMs + offsetMs).toUTCString()

  function filledIn({ file, headers = {} }: DownloadCase): Record<string, string> {
    const words = {
      '{etag}': stored.get(file)!.etag,
      '{date}': dateOf(file),
      '{before}': dateOf(file, -1000),
      '{after}': dateOf(file, 1000),
    }
    const fill = (text: string) =>
      Object.entries(words).reduce((filled, [word, value]) => filled.replaceAll(word, value), text)
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)]))
  }

  test.each([
    ['shown', '', /^inline; /],
    ['saved where that is asked for', '?download', /^attachment; /],
  ])('a picture is %s', async (_name, query, disposition) => {
    const path = `${base}picture.png`
    const headers = { 'content-type': 'image/png; a=b' }
    await alice.send({ method: 'PUT', path, headers, body: 'no picture' })
    const answer = await alice.send({ method: 'GET', path: path + query })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-disposition']).toMatch(disposition)
    expect(answer.headers['content-type']).toMatch(/^image\/png/)
    expect(answer.headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'/)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  })

  test.each(downloadCases)('$status: $name', async (one) => {
    const method = one.method ?? 'GET'
    const answer = await alice.send({ method, path: base + one.file, headers: filledIn(one) })
    expect(answer.status).toBe(one.status)
    expect(answer.headers['x-accel-redirect']).toBeUndefined()
    const { etag } = stored.get(one.file)!
    const validators = { etag, 'last-modified': dateOf(one.file) }
    if (one.status === 200 || one.status === 206) expectContent(answer, one, validators)
    else if (one.status === 304) expectNotModified(answer, validators)
    else expectProblem(answer, one)
  })
})

interface Validators {
  etag: string
  'last-modified': string
}

function expectContent(answer: Received, one: DownloadCase, validators: Validators): void {
  const { headers } = answer
  expect(headers).toMatchObject({
    ...validators,
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
  })
  expect(headers['repr-digest']).toBe(digestOf(one.file))
  expect(headers['content-disposition']).toMatch(/^attachment; filename=/)
  expect(headers['x-request-id']).toMatch(/./)
  if ((one.parts?.length ?? 0) > 1) expectParts(answer, one)
  else expectOneBody(answer, one)
}

// Nobody has read the whole of what was joined.
function digestOf(file: string): string | undefined {
  if (file === joined.file) return undefined
  return `sha-256=:${createHash('sha256').update(contents[file]!).digest('base64')}:`
}

function expectOneBody({ headers, body }: Received, { file, method, parts }: DownloadCase): void {
  const content = contents[file]!
  const [first, last] = parts?.[0] ?? [0, content.length - 1]
  expect(headers['content-type']).toBe(contentType)
  expect(headers['content-length']).toBe(String(last - first + 1))
  expect(headers['content-range']).toBe(
    parts === undefined ? undefined : `bytes ${first}-${last}/${content.length}`,
  )
  const sent = method === 'HEAD' ? Buffer.alloc(0) : content.subarray(first, last + 1)
  expect(body.equals(sent)).toBe(true)
}

function expectParts({ headers, body }: Received, { file, parts }: DownloadCase): void {
  const content = contents[file]!
  expect(headers['content-length']).toBe(String(body.length))
  expect(headers['content-range']).toBeUndefined()
  const received = partsOf(headers['content-type'], body)
  expect(received.map((part) => part.headers)).toEqual(
    parts!.map(([first, last]) => ({
      'content-type': contentType,
      'content-range': `bytes ${first}-${last}/${content.length}`,
    })),
  )
  for (const [index, [first, last]] of parts!.entries())
    expect(received[index]!.body.equals(content.subarray(first, last + 1))).toBe(true)
}

function expectNotModified({ headers, body }: Received, validators: Validators) {
  expect(headers).toMatchObject({ ...validators, 'cache-control': 'private, no-cache' })
  expect(headers['content-type']).toBeUndefined()
  expect(body).toHaveLength(0)
}

function expectProblem({ headers, body }: Received, { file, method, status }: DownloadCase) {
  expect(headers['content-type']).toBe('application/problem+json')
  expect(headers['content-range']).toBe(
    status === 416 ? `bytes */${contents[file]!.length}` : undefined,
  )
  expect(headers['repr-digest']).toBeUndefined()
  if (method !== 'HEAD') expect(JSON.parse(body.toString())).toMatchObject({ status })
}
