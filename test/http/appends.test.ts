import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { Response } from 'supertest'
import { inconsistenciesOf } from '../support/database/consistency'
import { expectProblem } from '../support/http/problems'
import { TestService, type TestAccount } from '../support/http/test-service'
import { waitUntil } from '../support/service/wait-until'

type Headers = Record<string, string>
type By = { who?: TestAccount; on?: TestService }

const hour = 3_600_000
const digestOf = (text: string) => `sha-256=:${createHash('sha256').update(text).digest('base64')}:`

describe.each(['sqlite', 'debug'] as const)(
  'appends that may be held, with the %s database',
  (kind) => {
    let service: TestService
    let alice: TestAccount
    let bob: TestAccount
    let names = 0

    // Time flushes nothing here but where a test waits for it.
    const start = async (files: Record<string, number | boolean> = {}, accounts = {}) => {
      const settings = { files: { ...held, ...files }, accounts }
      service = await TestService.start({ kind, settings })
      const admin = await service.makeAdmin()
      alice = await service.makeMember(admin, 'alice')
      bob = await service.makeMember(admin, 'bob')
    }
    const held = { appendFlushMs: hour / 6, appendFlushBytes: 100 }
    afterEach(async () => {
      expect(await readdir(service.scratch.paths.drafts)).toEqual([])
      await service.close()
      await service.scratch.drainWriter()
      expect(inconsistenciesOf(service.scratch)).toEqual([])
      await service.scratch.destroy()
    })

    async function newFile(content = '0123456789') {
      const path = `/v1/files/alice/log-${++names}.txt`
      await put(path, content).expect(201)
      return path
    }
    const put = (path: string, content: string) =>
      service.call('PUT', path, alice.token).set('Content-Type', 'text/plain').send(content)
    const append = (path: string, body: string, headers: Headers = {}, by: By = {}) =>
      (by.on ?? service)
        .call('PATCH', path, (by.who ?? alice).token)
        .set({ 'Content-Type': 'application/octet-stream', ...headers })
        .serialize((sent: unknown) => sent as string)
        .send(body)
    const hold = (path: string, offset: number, body: string, headers: Headers = {}) =>
      append(path, body, { Prefer: 'respond-async', 'Upload-Offset': `${offset}`, ...headers })
    const close = (path: string, offset: number) =>
      append(path, '', { 'Upload-Offset': `${offset}` })
    const contentOf = async (path: string) =>
      (await service.call('GET', path, alice.token).buffer(true).expect(200)).text
    const sizeOf = async (path: string) => {
      const head = await service.call('HEAD', path, alice.token).expect(200)
      return Number(head.headers['content-length'])
    }

    function expectHeld(response: Response, endBytes: number): void {
      expect(response.status).toBe(202)
      expect(response.headers['preference-applied']).toBe('respond-async')
      expect(response.headers['upload-offset']).toBe(String(endBytes))
    }

    function expectDurable(response: Response, size: number): void {
      expect(response.status).toBe(200)
      expect(response.headers).not.toHaveProperty('preference-applied')
      expect(response.body).toMatchObject({ size })
    }

    test('readers see what is committed, until the file is closed', async () => {
      await start()
      const path = await newFile()
      expectHeld(await hold(path, 10, 'ab'), 12)
      expectHeld(await hold(path, 12, 'cd'), 14)
      expect(await contentOf(path)).toBe('0123456789')
      expectDurable(await close(path, 14), 14)
      expect(await contentOf(path)).toBe('0123456789abcd')
      const info = await service.call('GET', '/v1/account', alice.token).expect(200)
      expect(info.body).toMatchObject({ usedBytes: 14 })
    })

    test('a piece of another place is told where the end is', async () => {
      await start({ appendFlushMs: 1 })
      const path = await newFile()
      for (const offset of [9, 11, 0]) {
        const response = await hold(path, offset, 'ab')
        expectProblem(response, 'conflict')
        expect(response.headers['upload-offset']).toBe('10')
      }
      expect(await contentOf(path)).toBe('0123456789')
    })

    test.each<[string, Headers]>([
      ['other preferences beside it', { Prefer: 'wait=5, respond-async; x="a, b"' }],
      ['another case', { Prefer: 'Respond-Async' }],
      ['its digest', { 'Content-Digest': digestOf('ab') }],
    ])('is held with %s', async (_, headers) => {
      await start()
      const path = await newFile()
      expectHeld(await hold(path, 10, 'ab', headers), 12)
      expectDurable(await close(path, 12), 12)
    })

    test('is durable at once when the client says nothing, or nothing of the kind', async () => {
      await start()
      const path = await newFile()
      const offset = { 'Upload-Offset': '10' }
      expectDurable(await append(path, 'ab', offset), 12)
      expectDurable(await hold(path, 12, 'cd', { Prefer: 'return=minimal' }), 14)
      expectDurable(await hold(path, 14, 'ef', { Prefer: 'x="respond-async, y"' }), 16)
      expect(await contentOf(path)).toBe('0123456789abcdef')
    })

    test('a tag is of what is committed: a piece that names one is durable', async () => {
      await start()
      const path = await newFile()
      const { headers } = await service.call('HEAD', path, alice.token)
      expectDurable(await hold(path, 10, 'ab', { 'If-Match': headers['etag'] as string }), 12)
      expectProblem(await hold(path, 12, 'cd', { 'If-Match': '"other"' }), 'precondition_failed')
    })

    test('is refused as if it were durable', async () => {
      await start()
      const path = await newFile()
      const wishes = { Prefer: 'respond-async' }
      expectProblem(await append(path, 'ab', wishes), 'precondition_required')
      expectProblem(await hold('/v1/files/alice/none', 0, 'ab'), 'not_found')
      const stranger = { ...wishes, 'Upload-Offset': '10' }
      expectProblem(await append(path, 'ab', stranger, { who: bob }), 'not_found')
      const wrong = await hold(path, 10, 'ab', { 'Content-Digest': digestOf('other') })
      expectProblem(wrong, 'invalid')
      const made = await hold('/v1/files/alice/made', 0, 'ab', { 'If-None-Match': '*' })
      expect(made.status).toBe(201)
      expect(await contentOf(path)).toBe('0123456789')
    })

    test("sabre's append is held where no condition is needed", async () => {
      await start({ requirePatchCondition: false })
      const path = await newFile()
      const sabre = {
        'Content-Type': 'application/x-sabredav-partialupdate',
        'X-Update-Range': 'append',
        Prefer: 'respond-async',
      }
      expectHeld(await append(path, 'ab', sabre), 12)
      expectHeld(await append(path, 'cd', sabre), 14)
      expectDurable(await append(path, ''), 14)
      expect(await contentOf(path)).toBe('0123456789abcd')
    })

    test('is flushed by size, and what is too much at once is durable', async () => {
      await start()
      const path = await newFile('')
      expectHeld(await hold(path, 0, 'x'.repeat(99)), 99)
      expectHeld(await hold(path, 99, 'y'), 100)
      await waitUntil('it is flushed', async () => (await sizeOf(path)) === 100)
      expectDurable(await hold(path, 100, 'z'.repeat(101)), 201)
    })

    test('is flushed by time', async () => {
      await start({ appendFlushMs: 20 })
      const path = await newFile()
      expectHeld(await hold(path, 10, 'ab'), 12)
      await waitUntil('it is flushed', async () => (await sizeOf(path)) === 12)
      expect(await contentOf(path)).toBe('0123456789ab')
    })

    test('a durable change comes after what is held', async () => {
      await start()
      const path = await newFile()
      expectHeld(await hold(path, 10, 'ab'), 12)
      expectDurable(await append(path, 'cd', { 'Upload-Offset': '12' }), 14)
      expectHeld(await hold(path, 14, 'ef'), 16)
      const range = { 'Content-Type': 'message/byterange' }
      expectDurable(await append(path, 'Content-Range: bytes 16-16/17\r\n\r\ng', range), 17)
      expect(await contentOf(path)).toBe('0123456789abcdefg')
    })

    test('what is held survives the end of the worker', async () => {
      await start()
      const path = await newFile()
      const other = await service.startSibling()
      const wishes = { Prefer: 'respond-async', 'Upload-Offset': '10' }
      expectHeld(await append(path, 'ab', wishes, { on: other }), 12)
      expect(await sizeOf(path)).toBe(10)
      await other.close()
      expect(await contentOf(path)).toBe('0123456789ab')
    })

    test('a piece waits for those before it that another worker holds', async () => {
      await start({ appendFlushMs: 2000 })
      const path = await newFile()
      const other = await service.startSibling()
      const wishes = { Prefer: 'respond-async', 'Upload-Offset': '10' }
      expectHeld(await append(path, 'ab', wishes, { on: other }), 12)
      const next = hold(path, 12, 'cd')
      const [response] = await Promise.all([next, other.close()])
      expectHeld(response, 14)
      expectDurable(await close(path, 14), 14)
      expect(await contentOf(path)).toBe('0123456789abcd')
    })

    test.each<[string, (path: string) => Promise<unknown>, string]>([
      ['replaced', (path) => put(path, 'abcdefghij').expect(200), 'abcdefghij'],
      ['replaced by more', (path) => put(path, 'abcdefghijkl').expect(200), 'abcdefghijkl'],
    ])(
      'of a file that somebody %s nothing is written, and the next piece tells',
      async (_, change, content) => {
        await start()
        const path = await newFile()
        expectHeld(await hold(path, 10, '+'), 11)
        await change(path)
        const response = await hold(path, 11, '+')
        expectProblem(response, 'conflict')
        expect(response.headers['upload-offset']).toBe(String(content.length))
        expect(await contentOf(path)).toBe(content)
      },
    )

    test('of a file that is deleted nothing comes back', async () => {
      await start()
      const path = await newFile()
      expectHeld(await hold(path, 10, 'ab'), 12)
      await service.call('DELETE', path, alice.token).expect(204)
      expectProblem(await hold(path, 12, 'cd'), 'not_found')
      expectProblem(await close(path, 14), 'not_found')
    })

    test('a right that is taken away is missing at the flush', async () => {
      await start()
      const path = await newFile()
      const grant = await service.call('POST', '/v1/grants', alice.token).send({
        owner: 'alice',
        path: path.split('/').pop(),
        to: { account: 'bob' },
        right: 'edit',
      })
      expect(grant.status).toBe(201)
      const headers = { Prefer: 'respond-async', 'Upload-Offset': '10' }
      expectHeld(await append(path, 'ab', headers, { who: bob }), 12)
      const { id } = grant.body as { id: string }
      await service.call('DELETE', `/v1/grants/${id}`, alice.token).expect(204)
      const response = await close(path, 12)
      expectProblem(response, 'conflict')
      expect(await contentOf(path)).toBe('0123456789')
    })

    test('what is held of another account is written before', async () => {
      await start()
      const path = await newFile()
      expectHeld(await hold(path, 10, 'ab'), 12)
      const root = await service.logIn('root')
      const headers = { Prefer: 'respond-async', 'Upload-Offset': '12' }
      expectDurable(await append(path, 'cd', headers, { who: root }), 14)
      expect(await contentOf(path)).toBe('0123456789abcd')
    })

    test('beyond the limits of a worker appends are durable', async () => {
      await start({ appendSessionsMax: 1, appendBytesMax: 5 })
      const [first, second] = [await newFile(), await newFile()]
      expectHeld(await hold(first, 10, 'abc'), 13)
      expectDurable(await hold(second, 10, 'ab'), 12)
      expectDurable(await hold(first, 13, 'abc'), 16)
    })

    test('no quota is exceeded by what is held, and who would is told at once', async () => {
      await start({ versionsKept: 0 }, { quotaBytes: 50 })
      const [first, second] = [await newFile(), await newFile()]
      expectHeld(await hold(first, 10, 'x'.repeat(20)), 30)
      expectHeld(await hold(second, 10, 'x'.repeat(10)), 20)
      const refused = await hold(second, 20, 'x')
      expect(refused.status).toBe(507)
      expectDurable(await close(first, 30), 30)
      expectDurable(await close(second, 20), 20)
    })

    test('pieces that come side by side are each there once', async () => {
      await start({ requirePatchCondition: false, appendFlushMs: 5 })
      const path = await newFile('')
      const pieces = Array.from({ length: 60 }, (_, index) => String(100 + index))
      const wishes = { Prefer: 'respond-async' }
      const answers = await Promise.all(pieces.map((piece) => append(path, piece, wishes)))
      for (const { status } of answers) expect([200, 202]).toContain(status)
      await append(path, '').expect(200)
      const content = await contentOf(path)
      expect(content.match(/.../g)!.sort()).toEqual(pieces)
    })
  },
)
