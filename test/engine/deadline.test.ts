import { Agent } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { addSubModel, endlessModel, loopModel } from '../../perf/bench/models'
import { TestEngine } from '../support/engine/engine-process'
import { errorOf, outputsOf, tooLate } from '../support/engine/infer'
import { waitUntil } from '../support/service/wait-until'

const vector = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }] }
const deadlineMs = 700
const settings = {
  inference: { deadlineMs },
  cluster: { heartbeatIntervalMs: 50, heartbeatTimeoutMs: 200 },
}

describe('a model that never returns', () => {
  it('gives its caller 504, those who wait 503, and ends the engine by SIGALRM', async () => {
    const engine = await TestEngine.start({
      models: { endless: endlessModel(), simple: addSubModel() },
      settings,
    })
    // The one who waits has been connected before: its request is not read any more, but its connection is known.
    const agent = new Agent({ keepAlive: true })
    await engine.call({ path: '/v2/health/live', agent })
    const sentAtMs = performance.now()
    const stuck = engine.inferJson('endless', vector)
    const beatsBefore = engine.beats
    await waitUntil('the run is on', () => engine.beats >= beatsBefore + 3)
    const waiting = await engine.call({ path: '/v2/models/simple', agent })
    const reply = await stuck
    expect(performance.now() - sentAtMs).toBeLessThan(deadlineMs + 1000)
    expect(reply.status).toBe(504)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(errorOf(reply)).toBe(`model 'endless' did not finish within ${deadlineMs} ms`)
    expect(waiting.status).toBe(503)
    expect(waiting.headers['retry-after']).toBe('1')
    expect(errorOf(waiting)).toBe('the inference engine is being restarted')
    expect(await engine.exited).toEqual([null, 'SIGALRM'])
    const lastWords = engine.errors.trim().split('\n').at(-1)!
    expect(JSON.parse(lastWords)).toMatchObject({ level: 50, model: 'endless', role: 'engine' })
    agent.destroy()
    await engine.stop()
  })

  it('does not stop the heartbeat: its deadline is what ends it', async () => {
    const engine = await TestEngine.start({
      models: { endless: endlessModel() },
      settings: { ...settings, inference: { deadlineMs: 60_000 } },
    })
    void engine.inferJson('endless', vector).catch(() => undefined)
    const before = engine.beats
    // Many more than fit into the heartbeat's timeout.
    await waitUntil('it has beaten on', () => engine.beats >= before + 20)
    engine.child.kill('SIGKILL')
    await engine.stop()
  })
})

describe('a run that ends', () => {
  it('is answered even when it starts just before the deadline, and the engine lives on', async () => {
    const engine = await TestEngine.start({
      models: { slow: [{ file: loopModel(10_000n), settings: { batching: false } }] },
      settings,
    })
    const replies = await Promise.all(
      Array.from({ length: 200 }, () => engine.inferJson('slow', vector)),
    )
    const statuses = new Set(replies.map(({ status }) => status))
    for (const reply of replies) {
      if (reply.status === 200) expect(outputsOf(reply)[0]!.data).toEqual([10_000])
      else
        expect([
          [504, "Request timeout expired while waiting for model 'slow'"],
          [503, tooLate('slow', deadlineMs)],
        ]).toContainEqual([reply.status, errorOf(reply)])
    }
    expect(statuses).toContain(200)
    expect((await engine.call({ path: '/v2/health/ready' })).status).toBe(200)
    expect(await engine.stop()).toEqual([0, null])
  })
})

describe('the heartbeat', () => {
  const block = join(__dirname, '../support/engine/block-on-signal.cjs')

  it('stops when the event loop stands still outside of a run', async () => {
    const engine = await TestEngine.start({
      models: {},
      settings,
      execArgv: ['--require', block],
    })
    await waitUntil('it beats', () => engine.beats > 2)
    engine.child.kill('SIGUSR2')
    const longMs = 4 * settings.cluster.heartbeatTimeoutMs
    await waitUntil('it is silent', () => performance.now() - engine.lastBeatAtMs > longMs)
    expect(engine.child.exitCode).toBeNull()
    engine.child.kill('SIGKILL')
    await engine.stop()
  })

  it('is not needed: without a pipe the engine serves all the same', async () => {
    const engine = await TestEngine.fork({
      models: { simple: addSubModel() },
      settings,
      pipe: false,
    })
    await once(engine.child, 'message')
    expect((await engine.call({ path: '/v2/models/simple/ready' })).status).toBe(200)
    expect(await engine.stop()).toEqual([0, null])
  })
})
