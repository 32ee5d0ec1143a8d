import { addSubModel } from '../../perf/bench/models'
import { RawConnection, type RawAnswer } from '../support/files/raw-connection'
import { signIn, signInAgain } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

describe('more infer requests than nginx may have in hand', () => {
  let service: Service
  let tokens: string[]
  const held: RawConnection[] = []

  beforeAll(async () => {
    const inference = { requestsInFlightMax: 3, requestsPerTokenMax: 2 }
    service = await startService({ settings: { inference }, models: { simple: addSubModel() } })
    const [first, second] = [await signIn(service), await signInAgain(service)]
    tokens = [first.authorization, second.authorization]
  })
  afterAll(async () => {
    held.forEach(({ socket }) => socket.destroy())
    await service.dispose()
  })

  /** Sends the head of a request whose body does not come. nginx answers 100 once it counts as in hand. */
  async function begin(token: string) {
    const connection = await RawConnection.open(Number(new URL(service.url).port))
    const head = ['POST /v2/models/simple/infer HTTP/1.1', 'Host: test', 'Content-Length: 1000000']
    connection.send(...head, 'Expect: 100-continue', `Authorization: ${token}`)
    return { connection, answer: await connection.answer() }
  }

  /** Tries until it is let in: nginx may still count a request whose answer its client has read. */
  async function hold(token: string): Promise<void> {
    const connection = await waitUntil('the request is in hand', async () => {
      const { connection, answer } = await begin(token)
      return answer.status === 100 && connection
    })
    held.push(connection)
  }

  async function statusOf(token: string, path = '/v2/models/simple/infer', method = 'POST') {
    const answer = await fetch(service.url + path, { method, headers: { authorization: token } })
    await answer.arrayBuffer()
    return answer.status
  }

  const turnedAway = async (token: string): Promise<RawAnswer> => {
    const { connection, answer } = await begin(token)
    connection.socket.destroy()
    return answer
  }

  it('are turned away before their bodies, by token and in all, and others of /v2 are not', async () => {
    await hold(tokens[0]!)
    await hold(tokens[0]!)
    expect(await statusOf(tokens[0]!)).toBe(503)
    const { status, headers, body } = await turnedAway(tokens[0]!)
    expect([status, headers['retry-after'], headers['content-type']]).toEqual([
      503,
      '1',
      'application/json',
    ])
    expect(JSON.parse(body.toString())).toEqual({ error: expect.any(String) as string })
    // An empty body is 400 where the request is let through.
    expect(await statusOf(tokens[1]!)).toBe(400)

    await hold(tokens[1]!)
    expect(await statusOf(tokens[1]!)).toBe(503)
    expect(await statusOf(tokens[0]!, '/v2/models/simple', 'GET')).toBe(200)
    expect(await statusOf(tokens[0]!, '/v2/repository/index')).toBe(200)
  })

  it('are let in again when others have left', async () => {
    held.splice(0).forEach(({ socket }) => socket.destroy())
    for (const token of tokens)
      await waitUntil('there is room', async () => (await statusOf(token)) === 400)
  })
})
