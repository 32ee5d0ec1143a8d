import { readdir } from 'node:fs/promises'
import type { Database } from '../../webserver/domain/database'
import { RawConnection } from '../support/files/raw-connection'
import { TestService, type TestAccount } from '../support/http/test-service'
import { TusClient } from '../support/http/tus'
import { waitUntil } from '../support/service/wait-until'

const quotaBytes = 100_000

describe.each(['sqlite', 'debug'] as const)('room for uploads, with the %s database', (kind) => {
  let service: TestService
  let ada: TestAccount
  let client: TusClient
  let database: Database

  beforeEach(async () => {
    service = await TestService.start({
      kind,
      settings: {
        accounts: { quotaBytes },
        files: { reserveFromBytes: 1000, sweepIntervalMs: 1000 },
      },
    })
    ada = await service.makeMember(await service.makeAdmin(), 'ada')
    client = new TusClient(service, ada.token)
    database = await service.scratch.open()
  })
  afterEach(() => service.stop())

  const put = (path: string, sizeBytes: number) =>
    service.call('PUT', `/v1/files/ada/${path}`, ada.token).send(Buffer.alloc(sizeBytes))

  /** Sends the headers of a PUT and some of its body, and is then in no hurry. */
  async function beginPut(path: string, length: string, body: Buffer): Promise<RawConnection> {
    const connection = await RawConnection.open(service.port)
    connection.send(
      `PUT /v1/files/ada/${path} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${ada.token}`,
      length,
    )
    connection.socket.write(body)
    return connection
  }

  const hasReserved = (bytes: number) => async () =>
    (await database.accounts.find(ada.id))!.reservedBytes === bytes
  const isTaken = (sizeBytes: number) => async () => {
    const { status } = await put('taken', sizeBytes)
    return status === 201 || status === 200
  }

  test('a large PUT has its room from its beginning, and gives it back when it breaks off', async () => {
    const connection = await beginPut('a', 'Content-Length: 90000', Buffer.alloc(10))
    await waitUntil('its room is reserved', hasReserved(90_000))
    expect((await put('other', 10_001)).status).toBe(507)
    expect((await put('small', 900)).status).toBe(201)
    connection.socket.destroy()
    await waitUntil('its room is free', isTaken(90_000))
  })

  test('a PUT of unknown length reserves as it grows', async () => {
    const chunk = Buffer.alloc(40_000)
    const frame = Buffer.concat([Buffer.from('9c40\r\n'), chunk, Buffer.from('\r\n')])
    const connection = await beginPut('a', 'Transfer-Encoding: chunked', frame)
    await waitUntil('its room is reserved', hasReserved(80_000))
    connection.socket.write('0\r\n\r\n')
    expect((await connection.answer()).status).toBe(201)
    expect((await put('b', 60_000)).status).toBe(201)
    connection.socket.destroy()
  })

  test('a full account can still replace what it has', async () => {
    expect((await put('a', 90_000)).status).toBe(201)
    expect((await put('a', 95_000)).status).toBe(200)
    expect((await put('b', 5001)).status).toBe(507)
    const location = await client.begin(99_000)
    await client.patch(location, 0, Buffer.alloc(99_000)).expect(204)
  })

  test('an upload that nobody continues ends, and its room and its draft with it', async () => {
    const location = await client.begin(90_000)
    await client.patch(location, 0, Buffer.alloc(500)).expect(204)
    expect(await hasReserved(90_000)()).toBe(true)
    expect((await put('other', 20_000)).status).toBe(507)
    service.nowMs += 24 * 3600 * 1000 + 1
    ada = await service.logIn('ada')
    await waitUntil('its room is free', isTaken(90_000))
    await waitUntil('its draft is gone', async () => {
      const drafts = await readdir(service.scratch.paths.drafts)
      return drafts.length === 0
    })
    client = new TusClient(service, ada.token)
    await client.call('HEAD', location).expect(404)
  })
})
