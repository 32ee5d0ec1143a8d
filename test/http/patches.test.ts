import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { Response } from 'supertest'
import { expectProblem } from '../support/http/problems'
import { TestService, type TestAccount } from '../support/http/test-service'

interface FileView {
  size: number
  sha256: string | null
  etag: string
  version: number
  contentType: string
}

const digestOf = (algorithm: 'sha256' | 'sha512', content: string) =>
  `:${createHash(algorithm).update(content).digest('base64')}:`

describe.each(['sqlite', 'debug'] as const)(
  'changing files in parts, with the %s database',
  (kind) => {
    let service: TestService
    let alice: TestAccount
    let names = 0

    beforeAll(async () => {
      service = await TestService.start({ kind })
      alice = await service.makeMember(await service.makeAdmin(), 'alice')
    })
    afterAll(() => service.stop())
    afterEach(async () => expect(await readdir(service.scratch.paths.drafts)).toEqual([]))

    const viewOf = (response: Response) => response.body as FileView

    async function newFile(content: string) {
      const path = `/v1/files/alice/file-${++names}.txt`
      const response = await service
        .call('PUT', path, alice.token)
        .set('Content-Type', 'text/plain')
        .send(content)
        .expect(201)
      return { path, etag: viewOf(response).etag }
    }

    type Headers = Record<string, string>
    const patch = (path: string, headers: Headers, body: string) =>
      service
        .call('PATCH', path, alice.token)
        .set({ 'Content-Type': 'application/octet-stream', ...headers })
        .serialize((sent: unknown) => sent as string)
        .send(body)
    const contentOf = async (path: string) => {
      const response = await service.call('GET', path, alice.token).buffer(true).expect(200)
      return response.text
    }

    const sabre = { 'Content-Type': 'application/x-sabredav-partialupdate' }
    const message = { 'Content-Type': 'message/byterange' }
    const rangeOf = (range: string, content: string) =>
      `Content-Range: bytes ${range}\r\n\r\n${content}`

    /** What comes of `0123456789`. */
    const changes: [string, Headers, string, string][] = [
      ['append', {}, 'ab', '0123456789ab'],
      ['append at the end that is named', { 'Upload-Offset': '10' }, 'ab', '0123456789ab'],
      ["sabre's append", { ...sabre, 'X-Update-Range': 'append' }, 'ab', '0123456789ab'],
      ["sabre's range", { ...sabre, 'X-Update-Range': 'bytes=2-3' }, 'ab', '01ab456789'],
      ["sabre's first byte", { ...sabre, 'X-Update-Range': 'bytes=0-0' }, 'a', 'a123456789'],
      ["sabre's last byte", { ...sabre, 'X-Update-Range': 'bytes=9-9' }, 'a', '012345678a'],
      ["sabre's open range", { ...sabre, 'X-Update-Range': 'bytes=8-' }, 'abcd', '01234567abcd'],
      [
        "sabre's range at the end",
        { ...sabre, 'X-Update-Range': 'bytes=10-11' },
        'ab',
        '0123456789ab',
      ],
      ["sabre's last bytes", { ...sabre, 'X-Update-Range': 'bytes=-3' }, 'ab', '0123456ab9'],
      [
        "more than sabre's last bytes",
        { ...sabre, 'X-Update-Range': 'bytes=-1' },
        'ab',
        '012345678ab',
      ],
      ['a message', message, rangeOf('2-3/10', 'ab'), '01ab456789'],
      ['a message for any size', message, rangeOf('2-3/*', 'ab'), '01ab456789'],
      ['a message for the whole', message, rangeOf('0-9/10', 'abcdefghij'), 'abcdefghij'],
      ['a message over the end', message, rangeOf('9-11/12', 'abc'), '012345678abc'],
      ['a message at the end', message, rangeOf('10-11/12', 'ab'), '0123456789ab'],
      [
        'several ranges',
        { 'Content-Type': 'multipart/byteranges; boundary="x y"' },
        `--x y\r\n${rangeOf('0-1/*', 'ab')}\r\n--x y\r\n${rangeOf('10-11/*', 'cd')}\r\n--x y\r\n${rangeOf('1-2/12', '--')}\r\n--x y--`,
        'a--3456789cd',
      ],
      ['nothing', {}, '', '0123456789'],
    ]
    test.each(changes)('%s', async (_, headers, body, expected) => {
      const { path, etag } = await newFile('0123456789')
      const response = await patch(path, { ...headers, 'If-Match': etag }, body).expect(200)
      expect(viewOf(response)).toMatchObject({ size: expected.length, contentType: 'text/plain' })
      expect(response.headers.etag).toBe(viewOf(response).etag)
      expect(await contentOf(path)).toBe(expected)
      const head = await service.call('HEAD', path, alice.token).expect(200)
      expect(head.headers.etag).toBe(viewOf(response).etag)
      expect(head.headers['content-length']).toBe(String(expected.length))
    })

    const refusals: [string, Headers, string, Parameters<typeof expectProblem>[1], string?][] = [
      ['a gap', { ...sabre, 'X-Update-Range': 'bytes=11-12' }, 'ab', 'range_not_satisfiable'],
      ['a gap in a message', message, rangeOf('11-12/*', 'ab'), 'range_not_satisfiable'],
      [
        'more last bytes than there are',
        { ...sabre, 'X-Update-Range': 'bytes=-11' },
        'ab',
        'range_not_satisfiable',
      ],
      [
        'another size than comes of it',
        message,
        rangeOf('2-3/12', 'ab'),
        'range_not_satisfiable',
        'Content-Range',
      ],
      ['a smaller size', message, rangeOf('2-3/9', 'ab'), 'range_not_satisfiable', 'Content-Range'],
      ['another end', { 'Upload-Offset': '9' }, 'ab', 'conflict', 'Upload-Offset'],
      ['another type', { 'Content-Type': 'text/plain' }, 'ab', 'unsupported', 'Content-Type'],
      ['a coding', { 'Content-Encoding': 'gzip' }, 'ab', 'unsupported', 'Content-Encoding'],
      [
        'fewer bytes than the range',
        { ...sabre, 'X-Update-Range': 'bytes=2-4' },
        'ab',
        'invalid',
        'X-Update-Range',
      ],
      ['fewer bytes than the message', message, rangeOf('2-4/10', 'ab'), 'invalid', 'body'],
      ['more bytes than the message', message, rangeOf('2-2/10', 'ab'), 'invalid', 'body'],
      [
        'a date',
        { 'If-Unmodified-Since': 'Wed, 25 Nov 2026 00:00:00 GMT' },
        'ab',
        'invalid',
        'If-Unmodified-Since',
      ],
      [
        'a malformed digest',
        { 'Content-Digest': 'sha-256=abc' },
        'ab',
        'invalid',
        'Content-Digest',
      ],
      [
        'another digest',
        { 'Content-Digest': `sha-256=${digestOf('sha256', 'aB')}` },
        'ab',
        'invalid',
        'Content-Digest',
      ],
      [
        'another digest of a message',
        { ...message, 'Repr-Digest': `sha-512=${digestOf('sha512', 'ab')}` },
        rangeOf('2-3/10', 'ab'),
        'invalid',
        'Repr-Digest',
      ],
    ]
    test.each(refusals)(
      '%s is refused and changes nothing',
      async (...[, headers, body, code, field]) => {
        const { path, etag } = await newFile('0123456789')
        const response = await patch(path, { ...headers, 'If-Match': etag }, body)
        expectProblem(response, code, field)
        expect(response.headers['accept-patch']).toContain('message/byterange')
        expect(await contentOf(path)).toBe('0123456789')
      },
    )

    test('digests that hold are accepted, of one algorithm or several', async () => {
      const { path, etag } = await newFile('01')
      const headers = {
        'If-Match': etag,
        'Content-Digest': `sha-512=${digestOf('sha512', 'ab')}, sha-256=${digestOf('sha256', 'ab')}, md5=:AA==:`,
        'Repr-Digest': `sha-256=${digestOf('sha256', 'ab')}`,
      }
      await patch(path, headers, 'ab').expect(200)
      expect(await contentOf(path)).toBe('01ab')
    })

    test('a write without knowledge of the file is refused, an append at its end is not', async () => {
      const { path } = await newFile('0123456789')
      const unsure: [Headers, string][] = [
        [{}, 'ab'],
        [{ ...sabre, 'X-Update-Range': 'append' }, 'ab'],
        [{ ...sabre, 'X-Update-Range': 'bytes=2-3' }, 'ab'],
        [message, rangeOf('2-3/10', 'ab')],
      ]
      for (const [headers, body] of unsure)
        expectProblem(await patch(path, headers, body), 'precondition_required', 'If-Match')
      await patch(path, { 'Upload-Offset': '10' }, 'ab').expect(200)
      await patch(path, message, undefined as never)
        .send(rangeOf('12-13/14', 'cd'))
        .expect(200)
      expect(await contentOf(path)).toBe('0123456789abcd')
    })

    test('an append that is sent once more is refused, not repeated', async () => {
      const { path, etag } = await newFile('01')
      await patch(path, { 'If-Match': etag }, 'ab').expect(200)
      expectProblem(await patch(path, { 'If-Match': etag }, 'ab'), 'precondition_failed')
      await patch(path, { 'Upload-Offset': '4' }, 'cd').expect(200)
      expectProblem(await patch(path, { 'Upload-Offset': '4' }, 'cd'), 'conflict', 'Upload-Offset')
      expect(await contentOf(path)).toBe('01abcd')
    })

    test('a file that is not there is created only where that is asked for', async () => {
      const path = '/v1/files/alice/grown.log'
      expectProblem(await patch(path, { 'Upload-Offset': '0' }, 'ab'), 'not_found')
      expectProblem(await patch(path, { 'If-Match': '"x"' }, 'ab'), 'precondition_failed')
      const created = await patch(path, { 'If-None-Match': '*' }, 'ab').expect(201)
      expect(created.headers['repr-digest']).toBe(`sha-256=${digestOf('sha256', 'ab')}`)
      expectProblem(await patch(path, { 'If-None-Match': '*' }, 'ab'), 'precondition_failed')
      expect(await contentOf(path)).toBe('ab')
    })

    test('of many that append at one offset one does, and none is lost or doubled', async () => {
      const { path } = await newFile('')
      const pieces = Array.from({ length: 20 }, (_, index) => `<${index}>`)
      let size = 0
      const appended: string[] = []
      while (appended.length < 5) {
        const answers = await Promise.all(
          pieces.map((piece) => patch(path, { 'Upload-Offset': String(size) }, piece)),
        )
        const won = answers.flatMap(({ status }, index) => (status === 200 ? [pieces[index]!] : []))
        expect(won).toHaveLength(1)
        expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true)
        appended.push(won[0]!)
        size += won[0]!.length
      }
      expect(await contentOf(path)).toBe(appended.join(''))
    })

    test('appends keep no versions of a file that was just written, and one of an old one', async () => {
      const { path } = await newFile('01')
      for (const offset of [2, 3, 4])
        await patch(path, { 'Upload-Offset': String(offset) }, '-').expect(200)
      const versionsAt = path.replace('/files/', '/versions/')
      const numbers = async () => {
        const response = await service.call('GET', versionsAt, alice.token).expect(200)
        return (response.body as { versions: { version: number }[] }).versions.map(
          (one) => one.version,
        )
      }
      expect(await numbers()).toEqual([4])
      service.nowMs += 2 * 60 * 60_000
      const [session] = [await service.logIn('alice')]
      alice = session
      await patch(path, { 'Upload-Offset': '5' }, '-').expect(200)
      await patch(path, { 'Upload-Offset': '6' }, '-').expect(200)
      expect((await numbers()).sort()).toEqual([4, 6])
      const old = await service.call('GET', `${path}?version=4`, alice.token).expect(200)
      expect(old.text).toBe('01---')
    })

    test('OPTIONS tells the types of patches', async () => {
      const { headers } = await service.call('OPTIONS', '/v1/files/alice/a').expect(204)
      expect(headers['accept-patch']).toBe(
        'application/octet-stream, application/x-sabredav-partialupdate, message/byterange, multipart/byteranges',
      )
      expect(headers['want-content-digest']).toBe('sha-256=10, sha-512=5')
      expect(headers.allow!.split(', ').sort()).toEqual(
        ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE', 'OPTIONS'].sort(),
      )
    })

    test('the digests of a PUT are verified, and told as they are wanted', async () => {
      const path = `/v1/files/alice/digest-${++names}`
      const put = (headers: Headers) =>
        service
          .call('PUT', path, alice.token)
          .set('Content-Type', 'text/plain')
          .set(headers)
          .send('hello')
      for (const field of ['Content-Digest', 'Repr-Digest'])
        for (const value of [
          `sha-256=${digestOf('sha256', 'other')}`,
          `sha-512=${digestOf('sha512', 'other')}`,
          'sha-256=1',
          '!',
        ])
          expectProblem(await put({ [field]: value }), 'invalid', field)
      expectProblem(await service.call('GET', path, alice.token), 'not_found')
      const plain = await put({
        'Content-Digest': `sha-256=${digestOf('sha256', 'hello')}`,
      }).expect(201)
      expect(plain.headers['repr-digest']).toBe(`sha-256=${digestOf('sha256', 'hello')}`)
      const wanted = await put({ 'Want-Repr-Digest': 'sha-512=9, sha-256=1' }).expect(200)
      expect(wanted.headers['repr-digest']).toBe(`sha-512=${digestOf('sha512', 'hello')}`)
    })
  },
)
