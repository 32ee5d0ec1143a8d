import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addSubModel, endlessModel } from '../../perf/bench/models'
import { readExposition, type ReadFamily } from '../support/metrics/read-exposition'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const file = join(__dirname, '../../perf/grafana/gristmill.json')

interface Selector {
  metric: string
  labels: string[]
}

interface Dashboard {
  panels: { targets?: { expr: string }[] }[]
  templating: { list: { name: string; query: unknown }[] }
}

function expressions({ panels, templating }: Dashboard): string[] {
  const queries = templating.list.map(({ query }) => (query as { query?: string }).query ?? '')
  return [...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)), ...queries]
}

/** Each metric of an expression with the labels that it is filtered by. */
function selectorsOf(expression: string): Selector[] {
  const found = expression.matchAll(/\b((?:nv|gristmill|http)_\w+)(?:\{([^}]*)\})?/g)
  return [...found].map(([, metric, filters = '']) => ({
    metric: metric!,
    labels: [...filters.matchAll(/(\w+)=~?"/g)].map(([, label]) => label!),
  }))
}

// What Prometheus adds itself.
const added = ['instance', 'job', 'le']

test('the dashboard asks only for what a live scrape shows, by labels that it has', async () => {
  const settings = { inference: { deadlineMs: 500 } }
  const models = { simple: addSubModel(), endless: endlessModel() }
  const service = await startService({ settings, models })
  try {
    const headers = await signIn(service)
    await keepBusy(service, headers)
    const dashboard = JSON.parse(readFileSync(file, 'utf8')) as Dashboard
    const asked = expressions(dashboard)
    expect(asked.length).toBeGreaterThan(25)
    const metrics = new Set(asked.flatMap(selectorsOf).map(({ metric }) => metric))
    let missing = [...metrics]
    const shown = await waitUntil('everything has been counted', async () => {
      const answer = await fetch(`${service.url}/metrics`, { headers })
      const labels = labelsByMetric(readExposition(await answer.text()))
      missing = missing.filter((metric) => !labels.has(metric))
      return missing.length === 0 && labels
    }).catch((cause: unknown) => {
      throw new Error(`no scrape shows ${missing.join(', ')}`, { cause })
    })
    for (const expression of asked)
      for (const { metric, labels } of selectorsOf(expression)) {
        const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, by]) =>
          by!.split(', '),
        )
        const known = [...shown.get(metric)!, ...added]
        expect(known).toEqual(expect.arrayContaining([...labels, ...grouped]))
      }
  } finally {
    await service.dispose()
  }
})

function labelsByMetric(families: Map<string, ReadFamily>): Map<string, string[]> {
  const samples = [...families.values()].flatMap(({ samples }) => samples)
  return new Map(samples.map(({ name, labels }) => [name, Object.keys(labels)]))
}

/** Something of everything: inference, a run that ends its engine, an upload. */
async function keepBusy(service: Service, headers: Record<string, string>): Promise<void> {
  const data = Array.from({ length: 16 }, () => 1)
  const inputs = ['INPUT0', 'INPUT1'].map((name) => ({
    ...{ name, shape: [1, 16], datatype: 'INT32', data },
  }))
  const infer = (model: string, body: object) =>
    fetch(`${service.url}/v2/models/${model}/infer`, {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    })
  expect((await infer('simple', { inputs })).status).toBe(200)
  // What an engine has told outlives it.
  expect((await fetch(`${service.url}/metrics`, { headers })).status).toBe(200)
  const one = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }] }
  expect((await infer('endless', one)).status).toBe(504)
  const file = { method: 'PUT', headers, body: 'content' }
  expect((await fetch(`${service.url}/v1/files/root/a`, file)).status).toBe(201)
}
