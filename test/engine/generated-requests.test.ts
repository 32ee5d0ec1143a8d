import { unzipSync } from 'node:zlib'
import fc from 'fast-check'
import { parseExactJson } from '../../webserver/model/engine/exact-json'
import { TestEngine } from '../support/engine/engine-process'
import {
  generatedModels,
  largeSoundRequest,
  requestBytes,
  requestChoices,
  soundRequest,
} from '../support/engine/generated-infer'
import { PipelinedClient, type PlainReply } from '../support/engine/pipelined-client'
import { waitUntil } from '../support/service/wait-until'

const requestCount = 100_000
const roundSize = 2_000
/** Of the first round; those after it count on. Another one shows other requests. */
const firstSeed = 20_261_125
const connections = 8
const underWayPerConnection = 16
const kibibyte = 1024
const bodyBytesMax = 256 * kibibyte

/** Those of the protocol's table that a request can bring about; 503 would be overload, and there is none. */
const statuses = [200, 400, 404, 405, 413, 415, 501]

describe('generated infer requests', () => {
  let engine: TestEngine
  let clients: PipelinedClient[]

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: generatedModels,
      // Room for what is under way and for no more: bodies that were never given back would soon fill it.
      settings: { inference: { bodyBytesMax, queueBytesMax: 64 * bodyBytesMax } },
    })
    clients = Array.from({ length: connections }, () => new PipelinedClient(engine.socketPath))
  })
  afterAll(async () => {
    clients.forEach((client) => client.close())
    await engine.stop()
  })

  async function runRound(seed: number): Promise<void> {
    const choices = fc.sample(requestChoices, { seed, numRuns: roundSize })
    const requests = choices.map(requestBytes).entries()
    // Each takes the next request from the one list as its answer comes.
    const lane = async (client: PipelinedClient) => {
      for (const [number, bytes] of requests) {
        requireDeclared(await client.send(bytes), { seed, number, bytes })
        if (number % 10 === 0) await askSoundly(client, seed + number)
      }
    }
    const lanes = clients.flatMap((client) =>
      new Array<typeof client>(underWayPerConnection).fill(client),
    )
    await Promise.all(lanes.map(lane))
  }

  test(`${requestCount} of them are answered as the protocol says, and the engine lives on`, async () => {
    const rounds = requestCount / roundSize
    let earlyKib = 0
    for (let round = 0; round < rounds; round++) {
      await runRound(firstSeed + round)
      if (round === rounds / 10) earlyKib = engine.residentKib()
    }
    await waitUntil('its memory is near what it was', () => engine.residentKib() < 1.25 * earlyKib)
    expect(engine.child.exitCode).toBeNull()
    expect((await engine.call({ path: '/v2/health/ready' })).status).toBe(200)
  }, 300_000)
})

interface Origin {
  seed: number
  number: number
  bytes: Buffer
}

function requireDeclared(reply: PlainReply, { seed, number, bytes }: Origin): void {
  if (isDeclared(reply, bytes)) return
  throw new Error(
    `request ${number} of seed ${seed} was answered\n${reply.head}\n\n${reply.body.toString('latin1', 0, 2000)}\n` +
      `and was, in base64,\n${bytes.toString('base64', 0, 10_000)}`,
  )
}

function isDeclared(reply: PlainReply, request: Buffer): boolean {
  if (reply.status === 200) return isWhole(reply)
  // A request may set a deadline that cannot be met.
  const timedOut = reply.status === 504 && request.includes('"timeout"')
  return (timedOut || statuses.includes(reply.status)) && isError(reply)
}

/** Whether the body is the protocol's `{"error": string}`, short and without a place in a source. */
function isError({ body }: PlainReply): boolean {
  const text = body.toString()
  if (text.length > 2000 || /node_modules|\.js:\d|onnxruntime\//.test(text)) return false
  const { error, ...rest } = JSON.parse(text) as Record<string, unknown>
  return typeof error === 'string' && error !== '' && Object.keys(rest).length === 0
}

/** Whether an answer that begins with JSON has it whole. */
function isWhole({ head, body }: PlainReply): boolean {
  const whole = /^content-encoding: (gzip|deflate)/im.test(head) ? unzipSync(body) : body
  if (!whole.subarray(0, 1).equals(Buffer.from('{')))
    return /^content-type: application\/x-npy/im.test(head)
  const length = /^inference-header-content-length: (\d+)/im.exec(head)?.[1]
  parseExactJson(whole.toString('utf8', 0, Number(length ?? whole.length)))
  return true
}

async function askSoundly(client: PipelinedClient, number: number): Promise<void> {
  const { bytes, answer } = number % 50 === 0 ? largeSoundRequest(number) : soundRequest(number)
  const reply = await client.send(bytes)
  expect(reply.status).toBe(200)
  expect(reply.body.equals(answer)).toBe(true)
}
