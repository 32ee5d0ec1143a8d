import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { Response } from 'supertest'
import { RawConnection } from '../support/files/raw-connection'
import { expectProblem } from '../support/http/problems'
import { TestService, type TestAccount } from '../support/http/test-service'
import { waitUntil } from '../support/service/wait-until'

interface FormView {
  files: { path: string; size: number; contentType: string }[]
  refused: { path: string; code: string; detail: string }[]
}

const fileNamed = (name: string, content = 'x') =>
  `Content-Disposition: form-data; name="f"; filename="${name}"\r\n\r\n${content}`
const fieldNamed = (name: string, content = 'x') =>
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${content}`
const formOf = (...parts: string[]) =>
  `${parts.map((part) => `--cut\r\n${part}\r\n`).join('')}--cut--\r\n`

describe('forms', () => {
  let service: TestService
  let alice: TestAccount

  beforeAll(async () => {
    const settings = { files: { formPartsMax: 20, uploadBytesMax: 300_000 } }
    service = await TestService.start({ settings })
    alice = await service.makeMember(await service.makeAdmin(), 'alice')
  })
  afterAll(() => service.stop())
  afterEach(async () => expect(await readdir(service.scratch.paths.drafts)).toEqual([]))

  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    service
      .call('POST', `/v1/files/alice${path}`, alice.token)
      .set({ 'Content-Type': 'multipart/form-data; boundary=cut', ...headers })
      .send(body)
  const viewOf = (response: Response) => response.body as FormView
  const contentOf = async (path: string) => {
    const response = await service
      .call('GET', `/v1/files/alice/${path}`, alice.token)
      .buffer(true)
      .parse((incoming, done) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('end', () => done(null, Buffer.concat(chunks)))
      })
      .expect(200)
    return response.body as Buffer
  }

  test('each file of a form is stored below the folder, with its type and name', async () => {
    const large = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 251))
    const response = await service
      .call('POST', '/v1/files/alice/inbox/2026/', alice.token)
      .field('comment', 'two files')
      .attach('a', Buffer.from('hello'), 'a.txt')
      .attach('b', large, { filename: 'Grün — 日本.bin', contentType: 'application/x-own' })
      .expect(201)
    expect(viewOf(response)).toMatchObject({
      files: [
        { path: 'inbox/2026/a.txt', size: 5, contentType: 'text/plain' },
        { path: 'inbox/2026/Grün — 日本.bin', size: 200_000, contentType: 'application/x-own' },
      ],
      refused: [],
    })
    expect((await contentOf('inbox/2026/a.txt')).toString()).toBe('hello')
    expect(await contentOf(encodeURI('inbox/2026/Grün — 日本.bin'))).toEqual(large)
  })

  test('names may hold folders, and contents what looks like a boundary', async () => {
    const content = '\r\n--cu\r\n--cut'.slice(0, -1) + '\r\n--CUT\r\n\r\n'
    const body = formOf(fileNamed('dir/deep/b.bin', content), fileNamed('empty', ''))
    const response = await post('', body).expect(201)
    expect(viewOf(response).files.map(({ path }) => path)).toEqual(['dir/deep/b.bin', 'empty'])
    expect((await contentOf('dir/deep/b.bin')).toString()).toBe(content)
    expect((await contentOf('empty')).length).toBe(0)
  })

  test('a field in which no file was chosen is none', async () => {
    const body = formOf(fileNamed('', ''), fileNamed('chosen'))
    expect(viewOf(await post('/f', body).expect(201)).files).toHaveLength(1)
  })

  test('the digest of a form is verified before any of its files is stored', async () => {
    const body = formOf(fileNamed('digested'))
    const digest = (text: string) =>
      `sha-256=:${createHash('sha256').update(text).digest('base64')}:`
    expectProblem(await post('', body, { 'Content-Digest': digest('other') }), 'invalid')
    expectProblem(await service.call('GET', '/v1/files/alice/digested', alice.token), 'not_found')
    await post('', body, { 'Content-Digest': digest(body) }).expect(201)
  })

  test('a condition that does not hold for one file keeps all of them out', async () => {
    await post('/mixed', formOf(fileNamed('old'))).expect(201)
    const again = formOf(fileNamed('new'), fileNamed('old'))
    const none = { 'If-None-Match': '*' }
    expectProblem(await post('/mixed', again, none), 'precondition_failed')
    expectProblem(await service.call('GET', '/v1/files/alice/mixed/new', alice.token), 'not_found')
  })

  test('a file that somebody stores meanwhile is named as refused, the others are stored', async () => {
    const body = formOf(fileNamed('first'), fileNamed('second', 'ours'), fileNamed('third'))
    const endAt = body.indexOf('ours') + 2
    const connection = await RawConnection.open(service.port)
    connection.send(
      'POST /v1/files/alice/race HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${alice.token}`,
      'Content-Type: multipart/form-data; boundary=cut',
      'If-None-Match: *',
      `Content-Length: ${body.length}`,
    )
    connection.socket.write(body.slice(0, endAt))
    const drafts = () => readdir(service.scratch.paths.drafts)
    await waitUntil('the second is admitted', async () => (await drafts()).length === 2)
    await service.call('PUT', '/v1/files/alice/race/second', alice.token).send('theirs').expect(201)
    connection.socket.write(body.slice(endAt))
    const answer = await connection.answer()
    connection.socket.destroy()
    expect(answer.status).toBe(207)
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      files: [{ path: 'race/first' }, { path: 'race/third' }],
      refused: [{ path: 'race/second', code: 'precondition_failed' }],
    })
    expect((await contentOf('race/second')).toString()).toBe('theirs')
  })

  const wrong: [string, string, Parameters<typeof expectProblem>[1]][] = [
    [
      'more parts than allowed',
      formOf(...Array.from({ length: 1000 }, (_, i) => fileNamed(`p${i}`))),
      'too_large',
    ],
    [
      '10 000 fields',
      formOf(...Array.from({ length: 10_000 }, (_, i) => fieldNamed(`f${i}`))),
      'too_large',
    ],
    ['a large field', formOf(fieldNamed('f', 'x'.repeat(100_000)), fileNamed('a')), 'too_large'],
    ['a file that is too large', formOf(fileNamed('a', 'x'.repeat(300_001))), 'too_large'],
    [
      'files that are too large together',
      formOf(fileNamed('a', 'x'.repeat(200_000)), fileNamed('b', 'y'.repeat(200_000))),
      'too_large',
    ],
    ['no part at all', '--cut--\r\n', 'invalid'],
    ['no file', formOf(fieldNamed('__proto__'), fieldNamed('constructor')), 'invalid'],
    ['nothing', '', 'invalid'],
    [
      'a header without end',
      `--cut\r\nContent-Disposition: form-data; name="${'x'.repeat(20_000)}`,
      'invalid',
    ],
    ['a header that is cut off', '--cut\r\nContent-Disposition: form-da', 'invalid'],
    ['a large header', `--cut\r\nX: ${'x'.repeat(100_000)}\r\n\r\nx\r\n--cut--`, 'invalid'],
    ['a part without headers', '--cut\r\n\r\nx\r\n--cut--', 'invalid'],
    ['a part without a name', formOf('Content-Disposition: form-data\r\n\r\nx'), 'invalid'],
    [
      'another disposition',
      formOf('Content-Disposition: attachment; name="a"; filename="b"\r\n\r\nx'),
      'invalid',
    ],
    [
      'an encoded name',
      formOf(`Content-Disposition: form-data; name="a"; filename*=UTF-8''b\r\n\r\nx`),
      'invalid',
    ],
    ['bytes without a name', formOf(fileNamed('', 'x')), 'invalid'],
    ['the same name twice', formOf(fileNamed('a'), fileNamed('a', 'y')), 'invalid'],
    ['a way out', formOf(fileNamed('../../etc/passwd')), 'invalid'],
    ['an absolute path', formOf(fileNamed('/etc/passwd')), 'invalid'],
    [
      'a name that is no UTF-8',
      Buffer.from(formOf(fileNamed('\xff')), 'latin1') as never,
      'invalid',
    ],
    ['no end', formOf(fileNamed('a')).slice(0, -6), 'invalid'],
    ['something behind the end', `${formOf(fileNamed('a'))}more`, 'invalid'],
    ['another boundary', formOf(fileNamed('a')).replaceAll('cut', 'CUT'), 'invalid'],
    [
      'a form in a form',
      formOf(
        'Content-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--in--',
      ),
      'invalid',
    ],
  ]
  test.each(wrong)('%s leaves nothing, and the process alive', async (_, body, code) => {
    expectProblem(await post('/attacks', body), code)
    const query = '/v1/files?owner=alice&prefix=attacks/'
    const listing = await service.call('GET', query, alice.token).expect(200)
    expect((listing.body as { files: unknown[] }).files).toEqual([])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test.each<[string, string, Parameters<typeof expectProblem>[1]]>([
    ['no boundary', 'multipart/form-data', 'invalid'],
    ['a boundary of 10 kB', `multipart/form-data; boundary=${'x'.repeat(10_000)}`, 'invalid'],
    ['another type', 'application/x-www-form-urlencoded', 'unsupported'],
    ['a type that begins alike', 'multipart/form-data-x; boundary=cut', 'unsupported'],
  ])('%s is refused', async (_, type, code) => {
    expectProblem(await post('/attacks', formOf(fileNamed('a')), { 'Content-Type': type }), code)
  })

  test('who may not know the owner learns nothing', async () => {
    const bob = await service.makeMember(await service.logIn('root'), 'bob')
    const response = await service
      .call('POST', '/v1/files/alice/inbox', bob.token)
      .attach('a', Buffer.from('x'), 'a.txt')
    expectProblem(response, 'not_found')
  })
})
