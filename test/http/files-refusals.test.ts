import { readdir } from 'node:fs/promises'
import { RawConnection } from '../support/files/raw-connection'
import { TestService, type TestAccount } from '../support/http/test-service'
import { waitUntil } from '../support/service/wait-until'

const quotaBytes = 5000
const uploadBytesMax = 4000

const impossible = [
  '/v1/files/alice/..%2f..%2fetc%2fpasswd',
  '/v1/files/alice/%2e%2e/%2e%2e/etc/passwd',
  '/v1/files/alice/../../../etc/passwd',
  '/v1/files/alice/..%5c..%5cetc',
  '/v1/files/alice/a%2fb',
  '/v1/files/alice/a//b',
  '/v1/files/alice//a',
  '/v1/files/alice/a/',
  '/v1/files/alice/.',
  '/v1/files/alice/a%00b',
  '/v1/files/alice/a%0d%0ab',
  '/v1/files/alice/a%e2%80%aeb',
  '/v1/files/alice/%C0%AE%C0%AE/a',
  '/v1/files/alice/%ff',
  '/v1/files/alice/%E0%A4%A',
  '/v1/files/alice/%ED%A0%80',
  `/v1/files/alice/${'a'.repeat(256)}`,
  `/v1/files/alice/${'a/'.repeat(2000)}a`,
  '/v1/files/..%2falice/a',
  '/v1/files//a',
  '/v1/files/alice/',
]

describe('uploads that fail', () => {
  let service: TestService
  let admin: TestAccount
  let alice: TestAccount
  let bob: TestAccount
  let connections: RawConnection[] = []

  beforeAll(async () => {
    service = await TestService.start({
      settings: {
        accounts: { quotaBytes },
        files: { uploadBytesMax, uploadsInFlightMax: 2 },
        http: { bodyIdleTimeoutMs: 300 },
      },
    })
    admin = await service.makeAdmin()
    alice = await service.makeMember(admin, 'alice')
    bob = await service.makeMember(admin, 'bob')
  })
  afterAll(() => service.stop())
  afterEach(async () => {
    for (const { socket } of connections) socket.destroy()
    connections = []
    await waitUntil('every draft is gone', async () => (await drafts()).length === 0)
  })

  const drafts = () => readdir(service.scratch.paths.drafts)

  async function connect(): Promise<RawConnection> {
    const connection = await RawConnection.open(service.port)
    connections.push(connection)
    return connection
  }

  /** Sends the head of an upload and not its body. */
  async function begin(path: string, headers: string[], { token } = alice): Promise<RawConnection> {
    const connection = await connect()
    const own = ['Host: localhost', `Authorization: Bearer ${token}`]
    connection.send(`PUT ${path} HTTP/1.1`, ...own, ...headers)
    return connection
  }

  const statusOf = async (path: string, token = alice.token) =>
    (await service.call('GET', path, token)).status

  describe('before the body is sent, the connection then being closed:', () => {
    test.each([
      ['a stranger', '/v1/files/bob/a', ['Content-Length: 5'], 404],
      ['a name that is none', '/v1/files/alice/..', ['Content-Length: 5'], 400],
      ['too large', '/v1/files/alice/a', [`Content-Length: ${uploadBytesMax + 1}`], 413],
      ['a condition that fails', '/v1/files/alice/a', ['Content-Length: 5', 'If-Match: *'], 412],
      ['a coding', '/v1/files/alice/a', ['Content-Length: 5', 'Content-Encoding: br'], 415],
      ['too large, in chunks or not', '/v1/files/alice/a', ['Content-Length: 99999999999'], 413],
    ])('%s', async (_name, path, headers, status) => {
      const connection = await begin(path, headers)
      const answer = await connection.answer()
      expect(answer).toMatchObject({ status, headers: { connection: 'close' } })
      expect(JSON.parse(answer.body.toString())).toMatchObject({ status })
      await connection.whenClosed()
    })

    test('an account that is full', async () => {
      await service.call('PUT', '/v1/files/bob/a', bob.token).send('x'.repeat(3000)).expect(201)
      const connection = await begin('/v1/files/bob/b', ['Content-Length: 2001'], bob)
      expect((await connection.answer()).status).toBe(507)
    })

    test('but what replaces a file may have its room', async () => {
      const path = '/v1/files/bob/a'
      await service.call('PUT', path, bob.token).send('x'.repeat(3000))
      await service.call('PUT', path, bob.token).send('y'.repeat(4000)).expect(200)
    })

    test('no session', async () => {
      const connection = await begin('/v1/files/alice/a', ['Content-Length: 5'], {
        ...alice,
        token: 'x',
      })
      expect((await connection.answer()).status).toBe(401)
    })
  })

  test('a client that waits to be asked is asked only for what is taken', async () => {
    const wait = 'Expect: 100-continue'
    const refused = await begin('/v1/files/bob/a', ['Content-Length: 5', wait])
    expect((await refused.answer()).status).toBe(404)
    const taken = await begin('/v1/files/alice/asked', ['Content-Length: 5', wait])
    expect((await taken.answer()).status).toBe(100)
    taken.socket.write('hello')
    expect((await taken.answer()).status).toBe(201)
  })

  test.each([
    ['the largest upload', 'alice', uploadBytesMax + 1, 413],
    ['the account’s room', 'bob', 2000, 507],
  ])('a body in chunks that grows beyond %s is cut off', async (_name, who, sizeBytes, status) => {
    const account = who === 'alice' ? alice : bob
    const path = `/v1/files/${account.name}/chunked`
    const connection = await begin(path, ['Transfer-Encoding: chunked'], account)
    connection.socket.write(`${sizeBytes.toString(16)}\r\n${'x'.repeat(sizeBytes)}\r\n`)
    expect((await connection.answer()).status).toBe(status)
    expect(await statusOf(path, account.token)).toBe(404)
  })

  test.each([
    ['is cut by its client', (connection: RawConnection) => connection.socket.destroy()],
    ['ends before its length', (connection: RawConnection) => connection.socket.end()],
  ])('an upload that %s leaves no draft and no file', async (_name, leave) => {
    const connection = await begin('/v1/files/alice/cut', ['Content-Length: 10'])
    connection.socket.write('hello')
    await waitUntil('the draft is there', async () => (await drafts()).length === 1)
    leave(connection)
    await waitUntil('the draft is gone', async () => (await drafts()).length === 0)
    expect(await statusOf('/v1/files/alice/cut')).toBe(404)
  })

  test('a body that stands still is ended', async () => {
    const connection = await begin('/v1/files/alice/still', ['Content-Length: 10'])
    connection.socket.write('hello')
    expect((await connection.answer()).status).toBe(400)
    await connection.whenClosed()
  })

  test('more uploads than are taken at once are answered 503, and later taken', async () => {
    const first = await begin('/v1/files/alice/first', ['Content-Length: 5'])
    const second = await begin('/v1/files/alice/second', ['Content-Length: 5'])
    await waitUntil('two drafts are there', async () => (await drafts()).length === 2)
    const third = await begin('/v1/files/alice/third', ['Content-Length: 5'])
    expect(await third.answer()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    for (const connection of [first, second]) {
      connection.socket.write('hello')
      expect((await connection.answer()).status).toBe(201)
    }
    await service.call('PUT', '/v1/files/alice/third', alice.token).send('hello').expect(201)
  })

  test.each(impossible.map((path) => [path.slice(0, 60), path]))(
    'the name in %s does not exist and cannot',
    async (_name, path) => {
      for (const method of ['PUT', 'GET', 'DELETE']) {
        const connection = await connect()
        const own = ['Host: localhost', `Authorization: Bearer ${alice.token}`, 'Content-Length: 0']
        connection.send(`${method} ${path} HTTP/1.1`, ...own)
        expect([400, 404]).toContain((await connection.answer()).status)
      }
      const { body } = (await service.call('GET', '/v1/files', alice.token)) as {
        body: { files: { path: string }[] }
      }
      expect(body.files.filter(({ path }) => !/^[a-z]+$/.test(path))).toEqual([])
    },
  )

  test('what is encoded twice is decoded once', async () => {
    const path = '/v1/files/alice/%252e%252e%252fa'
    const answer = await service.call('PUT', path, alice.token).send('x').expect(201)
    expect(answer.body).toMatchObject({ path: '%2e%2e%2fa' })
    await service.call('DELETE', path, alice.token).expect(204)
  })
})
