import { Agent } from 'node:http'
import { Appender, lineBytes } from '../support/files/appender'
import { signIn } from '../support/service/accounts'
import { kill } from '../support/service/process-table'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

describe('four clients append to four files, through nginx and two workers', () => {
  let service: Service
  let agent: Agent
  let clients: Appender[]

  async function start(appendFlushMs: number): Promise<void> {
    service = await startService({ settings: { files: { appendFlushMs } } })
    const headers = await signIn(service)
    agent = new Agent({ keepAlive: true })
    clients = ['first', 'second', 'third', 'fourth'].map(
      (name) => new Appender({ name, headers, agent, url: () => service.url }),
    )
    for (const client of clients) await client.create()
  }
  afterEach(async () => {
    agent.destroy()
    await service.dispose()
  })

  const acknowledged = () => clients.reduce((sum, client) => sum + client.linesAcknowledged, 0)
  const appendAll = (linesMax: number) =>
    Promise.all(clients.map((client) => client.append(linesMax)))
  const refused = () => clients.flatMap((client) => client.refused)

  async function beginAppending(): Promise<{ ended: Promise<unknown> }> {
    const ended = appendAll(Infinity)
    await waitUntil('the load is on', () => acknowledged() > 200)
    return { ended }
  }

  async function expectAllAfterClose(): Promise<void> {
    for (const client of clients) {
      expect((await client.close()).status).toBe(200)
      expect(await client.content()).toBe(client.lines())
    }
  }

  test('2 000 pieces, all there, in order', async () => {
    await start(20)
    await appendAll(500)
    expect(refused()).toEqual([])
    expect(acknowledged()).toBe(2000)
    await expectAllAfterClose()
  })

  test('a reload in the middle loses nothing, and refuses nothing', async () => {
    await start(100)
    const { ended } = await beginAppending()
    service.signal('SIGHUP')
    await waitUntil('the reload is over', () => service.output.includes('"msg":"reloaded"'))
    const before = acknowledged()
    await waitUntil('the load goes on', () => acknowledged() > before + 200 || refused().length > 0)
    for (const client of clients) client.stop()
    await ended
    expect(refused()).toEqual([])
    await expectAllAfterClose()
  })

  test('an orderly stop in the middle loses nothing', async () => {
    await start(60_000)
    const { ended } = await beginAppending()
    expect(await service.stop()).toEqual({ code: 0, signal: null })
    await ended
    service = await startService({ directory: service.directory })
    for (const client of clients) {
      // The answer to one more may have been cut off.
      const [least, most] = [client.lines(), client.lines(1)]
      expect([least, most]).toContain(await client.content())
    }
  })

  test('kill -9 of the workers loses only the end of what was held', async () => {
    await start(100)
    const { ended } = await beginAppending()
    const durable = await Promise.all(clients.map((client) => client.content()))
    for (const pid of service.pids('worker')) kill(pid)
    await ended
    await service.ready()
    for (const [index, client] of clients.entries()) {
      const content = await client.content()
      expect(content.length).toBeGreaterThanOrEqual(durable[index]!.length)
      expect(content.length % lineBytes).toBe(0)
      expect(client.lines(1).startsWith(content)).toBe(true)
      const answer = await client.close()
      if (content !== client.lines())
        expect(answer).toMatchObject({ status: 409, offset: content.length })
    }
  })
})
