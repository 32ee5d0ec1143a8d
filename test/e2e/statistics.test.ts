import { addSubModel, mlpModel } from '../../perf/bench/models'
import { signIn } from '../support/service/accounts'
import { kill } from '../support/service/process-table'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

interface Duration {
  count: number
  ns: number
}

interface Stats {
  name: string
  version: string
  last_inference: number
  inference_count: number
  execution_count: number
  inference_stats: Record<string, Duration>
  batch_stats: { batch_size: number; compute_infer: Duration }[]
}

describe.each([true, false])('the statistics extension; nginx: %s', (nginx) => {
  let service: Service
  let headers: Record<string, string>

  beforeAll(async () => {
    const models = { simple: addSubModel(), mlp: mlpModel() }
    service = await startService({ nginx, settings: { cluster: { engines: 2 } }, models })
    headers = await signIn(service)
  })
  afterAll(() => service.dispose())

  async function statistics(path: string): Promise<Stats[]> {
    const answer = await fetch(`${service.url}/v2/models/${path}`, { headers })
    expect(answer.status).toBe(200)
    return ((await answer.json()) as { model_stats: Stats[] }).model_stats
  }

  async function infer(rows: number): Promise<number> {
    const data = Array.from({ length: 16 * rows }, () => 1)
    const inputs = ['INPUT0', 'INPUT1'].map((name) => ({
      ...{ name, shape: [rows, 16], datatype: 'INT32', data },
    }))
    const body = JSON.stringify({ inputs })
    const path = '/v2/models/simple/infer'
    const answer = await fetch(service.url + path, { method: 'POST', headers, body })
    await answer.arrayBuffer()
    return answer.status
  }

  test('a model that never ran has an entry of zeros, in the form of the extension', async () => {
    const none = { count: 0, ns: 0 }
    expect(await statistics('mlp/stats')).toEqual([
      {
        name: 'mlp',
        version: '1',
        last_inference: 0,
        inference_count: 0,
        execution_count: 0,
        inference_stats: {
          ...{ success: none, fail: none, queue: none, cache_hit: none, cache_miss: none },
          ...{ compute_input: none, compute_infer: none, compute_output: none },
        },
        response_stats: {},
        batch_stats: [],
        memory_usage: [],
      },
    ])
  })

  test('what lies between two snapshots is exactly what was asked in between', async () => {
    for (const rows of [1, 3, 1]) {
      const [before] = await statistics('simple/stats')
      const askedAtMs = Date.now()
      expect(await infer(rows)).toBe(200)
      const [after] = await statistics('simple/versions/1/stats')
      expect(after!.inference_count - before!.inference_count).toBe(rows)
      expect(after!.execution_count - before!.execution_count).toBe(1)
      expect(after!.last_inference).toBeGreaterThanOrEqual(askedAtMs)
      for (const name of ['success', 'queue', 'compute_input', 'compute_infer', 'compute_output']) {
        const [now, then] = [after!.inference_stats[name]!, before!.inference_stats[name]!]
        expect([name, now.count - then.count]).toEqual([name, 1])
        expect(Number.isInteger(now.ns) && now.ns > then.ns).toBe(true)
      }
    }
    const [model] = await statistics('simple/stats')
    expect(
      model!.batch_stats.map(({ batch_size, compute_infer }) => [batch_size, compute_infer.count]),
    ).toEqual([
      [1, 2],
      [3, 1],
    ])
  })

  test('the stages of a request fit into it', async () => {
    await infer(1)
    const [model] = await statistics('simple/stats')
    const stats = model!.inference_stats
    const inside = ['queue', 'compute_input', 'compute_infer', 'compute_output']
    const sum = inside.reduce((ns, name) => ns + stats[name]!.ns, 0)
    // Each duration is rounded to whole ns by itself.
    expect(sum).toBeLessThanOrEqual(stats['success']!.ns + 4 * stats['success']!.count)
  })

  test('a failure is counted, and what a killed engine counted stays', async () => {
    const path = `${service.url}/v2/models/simple/infer`
    const bad = await fetch(path, { method: 'POST', headers, body: '{' })
    expect(bad.status).toBe(400)
    const [before] = await statistics('simple/stats')
    expect(before!.inference_stats['fail']!.count).toBe(1)
    const [engine] = service.pids('engine')
    kill(engine!)
    await waitUntil('it is replaced', () => !service.pids('engine').includes(engine!))
    await service.ready()
    expect(await statistics('simple/stats')).toEqual([before])
  })

  test('all models are listed, and unknown ones are 404 in the words of the protocol', async () => {
    const names = (await statistics('stats')).map(({ name }) => name)
    expect(names.sort()).toEqual(['mlp', 'simple'])
    for (const [path, error] of [
      ['nobody/stats', "Request for unknown model: 'nobody' is not found"],
      ['simple/versions/9/stats', "Request for unknown model: 'simple' version 9 is not found"],
    ]) {
      const answer = await fetch(`${service.url}/v2/models/${path}`, { headers })
      expect([answer.status, await answer.json()]).toEqual([404, { error }])
    }
  })
})
