import { median, medianRatio, percent, short, table } from '../statistics'
import type { Load } from '../wrk'
import type { Health } from './health'
import { targets, type Cell, type Target } from './inference-cell'
import { bestCompute, type Compute } from './inference-compute'

export interface InferenceReport {
  conditions: string
  foreignShare: number
  engines: number
  cells: readonly Cell[]
  compute: ReadonlyMap<string, Compute>
  health: { idle: Health; busy: Health; load: Load }
}

export function describeInference(report: InferenceReport): string {
  return `## Inference through nginx, with sign-in

${report.conditions}. Foreign ${percent(report.foreignShare)}.

Requests per second. *Transport*: a bare \`node:http\` server, ${report.engines} processes, behind an nginx with the same proxy
settings, which reads the same body and answers the same bytes; nobody signs in. *Compute*: bare session loops in ${report.engines}
processes at once, at the best batch size (in brackets) that the clients could fill; for 1 client one loop alone.
*Limit* = 1 / (1/transport + 1/compute): the cores do one after the other what both need. *Express*: a route in ${report.engines}
processes that awaits \`session.run\`, behind the same nginx; *FastAPI*: the same on ${report.engines} uvicorn processes with Python's
onnxruntime, NumPy and orjson; nobody signs in to either. p50 and p99 are the service's, in ms.

${table(
  head,
  report.cells.map((cell) => rowOf(cell, report)),
)}

${describeHealth(report.health)}
`
}

const head = [
  'model',
  'clients',
  'service',
  'p50',
  'p99',
  'transport',
  'compute',
  'limit',
  '**service / limit**',
  'aim',
  'Express',
  '**service / Express**',
  'FastAPI',
  '**service / FastAPI**',
]

function rowOf(cell: Cell, { compute, engines }: InferenceReport): string[] {
  const { prepared, clients, loads } = cell
  const { sample } = prepared
  const best = bestCompute(compute.get(sample.model)!, clients, engines)
  const [service, transport, express, fastapi] = targets.map((target) =>
    loads[target].map(({ requestsPerS }) => requestsPerS),
  ) as [number[], number[], number[], number[]]
  const limit = transport.map((rate, round) => 1 / (1 / rate + 1 / best.itemsPerS[round]!))
  return [
    `${sample.model} (${sample.about})`,
    String(clients),
    short(median(service)) + flagOf(cell, 'service'),
    median(loads.service.map(({ p50Ms }) => p50Ms)).toPrecision(3),
    median(loads.service.map(({ p99Ms }) => p99Ms)).toPrecision(3),
    short(median(transport)) + flagOf(cell, 'transport'),
    `${short(median(best.itemsPerS))} (${best.batch})`,
    short(median(limit)),
    medianRatio(service, limit).toFixed(2),
    sample.aim === null ? '' : String(sample.aim),
    short(median(express)) + flagOf(cell, 'express'),
    medianRatio(service, express).toFixed(2),
    ...(fastapi.length === 0
      ? ['', '']
      : [
          short(median(fastapi)) + flagOf(cell, 'fastapi'),
          medianRatio(service, fastapi).toFixed(2),
        ]),
  ]
}

function flagOf({ loads }: Cell, target: Target): string {
  return loads[target].some(({ failed }) => failed > 0) ? ' !' : ''
}

function describeHealth({ idle, busy, load }: InferenceReport['health']): string {
  const row = (name: string, { requests, failed, p50Ms, p99Ms }: Health) => [
    name,
    `${requests}${failed > 0 ? ` (${failed} failed)` : ''}`,
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
  ]
  return `\`/healthz\`, asked for every 5 ms whether or not the answers before have come (aim: p99 under 10 ms while the CNN
saturates, which here answered ${short(load.requestsPerS)} requests a second to 32 clients):

${table(
  ['engines', 'requests', 'p50 ms', 'p99 ms'],
  [row('idle', idle), row('busy with the CNN', busy)],
)}`
}
