import { cpuSecondsOf } from '../../perf/bench/process-table'
import { addSubModel, endlessModel } from '../../perf/bench/models'
import { countersOf, readExposition, valueOf } from '../support/metrics/read-exposition'
import { signIn } from '../support/service/accounts'
import { kill } from '../support/service/process-table'
import { startService, type Service, type ServiceOptions } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const ones = Array.from({ length: 16 }, () => 1)
const tensor = (name: string) => ({ name, shape: [1, 16], datatype: 'INT32', data: ones })
const addSub = JSON.stringify({ inputs: [tensor('INPUT0'), tensor('INPUT1')] })
const one = JSON.stringify({ inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }] })

type Headers = Record<string, string>

async function withService(
  options: ServiceOptions,
  use: (service: Service, headers: Headers) => Promise<void>,
): Promise<void> {
  const service = await startService(options)
  try {
    await use(service, await signIn(service))
  } finally {
    await service.dispose()
  }
}

async function scrape(service: Service, headers: Headers) {
  const answer = await fetch(`${service.url}/metrics`, { headers })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return readExposition(await answer.text())
}

async function infer(service: Service, headers: Headers, model = 'simple', body = addSub) {
  const answer = await fetch(`${service.url}/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
  })
  await answer.arrayBuffer()
  return answer.status
}

test.each([true, false])('what was done shows exactly at once; nginx: %s', async (nginx) => {
  const models = { simple: addSubModel() }
  await withService(
    { nginx, settings: { cluster: { engines: 2 } }, models },
    async (service, headers) => {
      for (let round = 1; round <= 5; round++) {
        expect(await infer(service, headers)).toBe(200)
        expect(await infer(service, headers, 'simple', '{"inputs":')).toBe(400)
        const metrics = await scrape(service, headers)
        const model = { model: 'simple', version: '1' }
        expect(valueOf(metrics, 'nv_inference_request_success', model)).toBe(round)
        expect(
          valueOf(metrics, 'nv_inference_request_failure', { ...model, reason: 'OTHER' }),
        ).toBe(round)
        expect(valueOf(metrics, 'nv_inference_request_failure', model)).toBe(round)
        expect(valueOf(metrics, 'nv_inference_count', model)).toBe(round)
        expect(valueOf(metrics, 'nv_inference_exec_count', model)).toBe(round)
        expect(valueOf(metrics, 'gristmill_inference_batch_items_count', model)).toBe(round)
        const infers = { ...model, stage: 'compute_infer' }
        expect(valueOf(metrics, 'gristmill_inference_stage_seconds_count', infers)).toBe(round)
      }
      const file = { method: 'PUT', headers, body: 'twelve bytes' }
      expect((await fetch(`${service.url}/v1/files/root/a`, file)).status).toBe(201)
      expect((await fetch(`${service.url}/nowhere/at/all`)).status).toBe(404)
      const metrics = await waitUntil('the upload is counted', async () => {
        const latest = await scrape(service, headers)
        const unmatched = { route: 'unmatched', status: '4xx' }
        if (valueOf(latest, 'http_request_duration_seconds_count', unmatched) < 1) return null
        return (
          valueOf(latest, 'gristmill_http_request_bytes_total', { method: 'PUT' }) > 0 && latest
        )
      })
      const upload = { method: 'PUT', route: '/v1/files/:owner/*path', status: '2xx' }
      expect(valueOf(metrics, 'http_request_duration_seconds_count', upload)).toBe(1)
      expect(valueOf(metrics, 'gristmill_http_request_bytes_total', upload)).toBe(12)
      expect(valueOf(metrics, 'gristmill_database_commit_commands_sum')).toBeGreaterThanOrEqual(3)
      expect(valueOf(metrics, 'gristmill_model_loads_total', { outcome: 'loaded' })).toBe(2)
      for (const role of ['primary', 'worker', 'writer', 'engine'])
        expect(
          valueOf(metrics, 'gristmill_process_resident_memory_bytes', { role }),
        ).toBeGreaterThan(1e7)
    },
  )
})

test('nothing decreases when engines and workers are killed under load', async () => {
  const settings = { cluster: { engines: 2 }, metrics: { intervalMs: 100 } }
  await withService({ settings, models: { simple: addSubModel() } }, async (service, headers) => {
    let stop = false
    const clients = Array.from({ length: 4 }, async () => {
      while (!stop) {
        await infer(service, headers).catch(() => undefined)
        await fetch(`${service.url}/v1/account`, { headers }).catch(() => undefined)
      }
    })
    let before = new Map<string, number>()
    const look = async () => {
      const metrics = await scrape(service, headers).catch(() => null)
      if (metrics === null) return null
      const now = countersOf(metrics)
      for (const [series, value] of before)
        expect([series, now.get(series)! >= value]).toEqual([series, true])
      before = now
      return metrics
    }
    const success = 'nv_inference_request_success'
    for (const role of ['engine', 'worker', 'engine', 'worker'] as const) {
      const seen = await waitUntil('a scrape', look)
      const counted = valueOf(seen, success)
      await waitUntil(
        'more was counted',
        async () => valueOf((await look()) ?? seen, success) > counted,
      )
      kill(service.pids(role)[0]!)
      await waitUntil('the death is counted', async () => {
        const metrics = await look()
        return (
          metrics !== null &&
          valueOf(metrics, 'gristmill_process_deaths_total', { role, reason: 'killed' }) > 0
        )
      })
      await service.ready()
    }
    stop = true
    await Promise.all(clients)
  })
})

test('a scrape answers while every engine is inside a run that does not end', async () => {
  const settings = { cluster: { engines: 2 }, inference: { deadlineMs: 20_000 } }
  const models = { endless: endlessModel(), simple: addSubModel() }
  await withService({ settings, models }, async (service, headers) => {
    for (let round = 0; round < 4; round++) expect(await infer(service, headers)).toBe(200)
    await scrape(service, headers)
    const leaving = new AbortController()
    const runs = [1, 2].map(() =>
      fetch(`${service.url}/v2/models/endless/infer`, {
        ...{ method: 'POST', headers: { ...headers, 'content-type': 'application/json' } },
        ...{ body: one, signal: leaving.signal },
      }).catch(() => undefined),
    )
    const engines = service.pids('engine')
    const before = engines.map((pid) => cpuSecondsOf([pid]))
    await waitUntil('both engines are inside a run', () =>
      engines.every((pid, index) => cpuSecondsOf([pid]) > before[index]! + 0.3),
    )
    for (let round = 0; round < 3; round++) {
      const metrics = await scrape(service, headers)
      expect(valueOf(metrics, 'nv_inference_request_success', { model: 'simple' })).toBe(4)
    }
    expect(service.pids('engine')).toEqual(engines)
    engines.forEach(kill)
    leaving.abort()
    await Promise.all(runs)
  })
})

test('metrics are for admins unless they are open', async () => {
  await withService({ settings: { metrics: { requireToken: false } } }, async (service) => {
    await scrape(service, {})
  })
})
