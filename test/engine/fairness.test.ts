import { Agent } from 'node:http'
import { loopModel } from '../../perf/bench/models'
import { type Reply, TestEngine } from '../support/engine/engine-process'
import { errorOf, outputsOf } from '../support/engine/infer'
import { waitUntil } from '../support/service/wait-until'

const vector = (value: number, parameters = {}) => ({
  inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [value] }],
  parameters,
})
const alone = { batching: false }
const trips = 2000

describe('accounts', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      // Long enough for a busy machine, on which `slow` holds the engine for seconds.
      settings: { inference: { deadlineMs: 60_000, queueTimeoutMs: 60_000 } },
      models: {
        slow: [{ file: loopModel(1_000_000n), settings: alone }],
        first: [{ file: loopModel(BigInt(trips)), settings: alone }],
        second: [{ file: loopModel(BigInt(trips)), settings: alone }],
        short: [{ file: loopModel(1n), settings: { ...alone, queueMax: 4 } }],
        ranked: [{ file: loopModel(1n), settings: { ...alone, priorityLevels: 3 } }],
      },
    })
  })

  afterAll(() => engine.stop())

  const infer = (
    model: string,
    account: string,
    body: unknown,
    { agent, id }: { agent?: Agent; id?: string } = {},
  ): Promise<Reply> =>
    engine.call({
      method: 'POST',
      path: `/v2/models/${model}/infer`,
      headers: { 'x-gristmill-account': account, ...(id !== undefined && { 'x-request-id': id }) },
      body: JSON.stringify(body),
      ...(agent !== undefined && { agent }),
    })

  /** Lines of answered requests; they last `d` from `t` on, and end with the run and the writing of the answer. */
  const linesOf = (account: string) =>
    engine
      .perfLines()
      .filter(({ u, s }) => u === account && s === 200)
      .map((line) => {
        const { t, d, write, infer, batch_wait: waited } = line as Record<string, number>
        const startedAt = t! + d! - write! - infer!
        return { id: String(line['r']), startedAt, queuedAt: startedAt - waited! }
      })

  it('one that floods two models adds at most one run to a call of another', async () => {
    let isOver = false
    const loop = async (model: string) => {
      while (!isOver) expect((await infer(model, 'flooding', vector(0))).status).toBe(200)
    }
    const loops = Array.from({ length: 80 }, (_, index) => loop(index % 2 ? 'first' : 'second'))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let call = 0; call < 30; call++) {
      const reply = await infer(call % 2 ? 'first' : 'second', 'calling', vector(call), { agent })
      expect(outputsOf(reply)[0]!.data).toEqual([call + trips])
    }
    isOver = true
    await Promise.all(loops)
    agent.destroy()
    const calls = await waitUntil('the perf log is written', () => {
      const lines = linesOf('calling')
      return lines.length === 30 ? lines : null
    })
    const flood = linesOf('flooding')
    expect(flood.length).toBeGreaterThan(60)
    for (const { queuedAt, startedAt } of calls) {
      const between = flood.filter((run) => run.startedAt > queuedAt && run.startedAt < startedAt)
      expect(between.length).toBeLessThanOrEqual(1)
    }
  })

  it('a full queue has room for one that holds little of it, at the cost of one that holds most', async () => {
    const held = infer('slow', 'flooding', vector(0))
    const flood = Array.from({ length: 12 }, () => infer('short', 'flooding', vector(0)))
    const modest = infer('short', 'modest', vector(1))
    expect((await modest).status).toBe(200)
    const statuses = (await Promise.all(flood)).map(({ status }) => status)
    expect((await held).status).toBe(200)
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThanOrEqual(1)
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(3)
  })

  it("an account's requests run by their priority, those that state none last", async () => {
    const held = infer('slow', 'holding', vector(0))
    const ranks = [3, 3, 2, 1, 2, 1]
    const calls = ranks.map((rank, index) =>
      infer('ranked', 'ranking', vector(0, index === 0 ? {} : { priority: rank }), {
        id: `${rank}`,
      }),
    )
    await Promise.all([held, ...calls])
    const lines = await waitUntil('the perf log is written', () => {
      const found = linesOf('ranking')
      return found.length === ranks.length ? found : null
    })
    const waitingAt = ({ startedAt }: { startedAt: number }) =>
      lines.filter((other) => other.queuedAt < startedAt && other.startedAt > startedAt)
    expect(lines.some((line) => waitingAt(line).length > 0)).toBe(true)
    for (const line of lines)
      expect(waitingAt(line).filter(({ id }) => Number(id) < Number(line.id))).toEqual([])
  })

  it('a priority that the model does not have is refused', async () => {
    const reply = await infer('ranked', 'ranking', vector(0, { priority: 4 }))
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toBe("priority 4 is out of range, model 'ranked' has priorities 1 to 3")
    expect((await infer('first', 'ranking', vector(0, { priority: 4 }))).status).toBe(200)
  })
})
