import { createHash } from 'node:crypto'
import { Client, type Received } from '../support/files/client'
import { contents, downloadCases, type DownloadCase } from '../support/files/download-cases'
import { startService, type Service } from '../support/service/start-service'

const base = '/v1/files/alice/'

describe.each([true, false])('a download with nginx: %s', (nginx) => {
  let service: Service
  let alice: Client
  const times = new Map<string, number>()

  beforeAll(async () => {
    service = await startService({ nginx })
    const admin = await Client.first(service.url, service.firstAccountToken())
    alice = await admin.makeMember('alice')
    for (const [file, body] of Object.entries(contents)) {
      const headers = { 'content-type': 'text/x-test' }
      const answer = await alice.send({ method: 'PUT', path: base + file, headers, body })
      const { updatedAt } = JSON.parse(answer.body.toString()) as { updatedAt: string }
      times.set(file, Math.floor(Date.parse(updatedAt) / 1000) * 1000)
    }
  })
  afterAll(() => service.dispose())

  const dateOf = (file: string, offsetMs = 0) => new Date(times.get(file)! + offsetMs).toUTCString()

  function filledIn({ file, headers = {} }: DownloadCase): Record<string, string> {
    const words = {
      '{etag}': etagOf(file),
      '{date}': dateOf(file),
      '{before}': dateOf(file, -1000),
      '{after}': dateOf(file, 1000),
    }
    const fill = (text: string) =>
      Object.entries(words).reduce((filled, [word, value]) => filled.replaceAll(word, value), text)
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)]))
  }

  test.each(downloadCases)('$status: $name', async (one) => {
    const method = one.method ?? 'GET'
    const answer = await alice.send({ method, path: base + one.file, headers: filledIn(one) })
    expect(answer.status).toBe(one.status)
    expect(answer.headers['x-accel-redirect']).toBeUndefined()
    if (one.status === 200 || one.status === 206) expectContent(answer, one, dateOf(one.file))
    else if (one.status === 304) expectNotModified(answer, one, dateOf(one.file))
    else expectProblem(answer, one)
  })
})

function etagOf(file: string): string {
  return `"${createHash('sha256').update(contents[file]!).digest('base64url').slice(0, 27)}"`
}

function expectContent({ headers, body }: Received, one: DownloadCase, date: string): void {
  const content = contents[one.file]!
  const [first, last] = one.part ?? [0, content.length - 1]
  const digest = createHash('sha256').update(content).digest('base64')
  expect(headers).toMatchObject({
    etag: etagOf(one.file),
    'last-modified': date,
    'repr-digest': `sha-256=:${digest}:`,
    'content-length': String(last - first + 1),
    'content-type': 'text/x-test',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
  })
  expect(headers['content-disposition']).toMatch(/^attachment; filename=/)
  expect(headers['x-request-id']).toMatch(/./)
  expect(headers['content-range']).toBe(
    one.part === undefined ? undefined : `bytes ${first}-${last}/${content.length}`,
  )
  const sent = one.method === 'HEAD' ? Buffer.alloc(0) : content.subarray(first, last + 1)
  expect(body.equals(sent)).toBe(true)
}

function expectNotModified({ headers, body }: Received, { file }: DownloadCase, date: string) {
  expect(headers).toMatchObject({
    etag: etagOf(file),
    'last-modified': date,
    'cache-control': 'private, no-cache',
  })
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
