import { randomBytes } from 'node:crypto'
import { Client } from '../../../webserver/demo/client'
import { encodeInferRequest } from '../../../webserver/demo/tensors'
import type { Bench } from '../bench'
import { ForeignLoad } from '../foreign-load'
import { Histogram } from '../load/histogram'
import { requestBytes, type LoadResult } from '../load/load'
import { conditions } from '../results'
import { startStage, titles, type Stage } from '../stage'
import { median, percent, short, table } from '../statistics'
import { runWrk, type Load } from '../wrk'

const model = 'ppocr-cls'
const floodConnections = 64
const quietAccounts = 5

interface FairnessCell {
  target: string
  alone: LoadResult[]
  flooded: LoadResult[]
  floods: Load[]
}

/** What one account's flood does to others that call once a second. */
export async function fairness(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const stage = await startStage(bench, 'fairness', [model])
  try {
    const requests = await quietRequests(stage)
    const cells = ['service', 'express'].map((target): FairnessCell => {
      return { target, alone: [], flooded: [], floods: [] }
    })
    for (let round = 1; round <= bench.rounds; round++)
      for (const cell of cells) await measure(bench, stage, cell, requests)
    return describe(cells, foreign.share())
  } finally {
    await stage.stop()
  }
}

/** The same request from each of the quiet accounts. */
async function quietRequests(stage: Stage): Promise<Buffer[]> {
  const { sample, path } = stage.prepared[0]!
  const { body, headerBytes } = encodeInferRequest(sample.inputs)
  const requests: Buffer[] = []
  for (let index = 0; index < quietAccounts; index++) {
    const authorization = await newAccount(stage)
    const headers = { authorization, 'inference-header-content-length': String(headerBytes) }
    requests.push(requestBytes({ method: 'POST', path, headers, body }))
  }
  return requests
}

/** The admin's session, which `stage` is signed in with, lets it make accounts. @returns the new one's authorization. */
async function newAccount({ service }: Stage): Promise<string> {
  const account = {
    name: `quiet-${randomBytes(4).toString('hex')}`,
    password: randomBytes(18).toString('base64url'),
  }
  await service.client.createAccount(account)
  const client = new Client(service.url)
  await client.logIn(account)
  return client.authorization
}

async function measure(
  bench: Bench,
  stage: Stage,
  cell: FairnessCell,
  requests: readonly Buffer[],
): Promise<void> {
  const seconds = (bench.quick ? 2 : 10) * bench.seconds
  const call = () =>
    stage.generate(cell.target, {
      ...{ requests, arrivals: { kind: 'even', perS: quietAccounts }, durationMs: seconds * 1000 },
      ...{ deadlineMs: 10_000, connectionsMax: 64 },
    })
  await bench.processes.settle()
  cell.alone.push(await call())
  await bench.processes.settle()
  const { path, script } = stage.prepared[0]!
  const url = new URL(path, stage.urls[cell.target]).href
  const flood = { url, script, clients: floodConnections, seconds: seconds + 1 }
  const [load, flooded] = await Promise.all([runWrk(bench.processes, flood), call()])
  cell.floods.push(load)
  cell.flooded.push(flooded)
  bench.say(`  ${cell.target}: flooded with ${load.requestsPerS.toFixed(0)}/s`)
}

function describe(cells: readonly FairnessCell[], foreignShare: number): string {
  const rows = cells.map((cell) => {
    const alone = merged(cell.alone)
    const flooded = merged(cell.flooded)
    const failed = [...cell.alone, ...cell.flooded].reduce(
      (sum, { failed, shed, unanswered }) => sum + failed + shed + unanswered,
      0,
    )
    return [
      titles[cell.target]!,
      short(median(cell.floods.map(({ requestsPerS }) => requestsPerS))),
      ...[alone, flooded].flatMap((histogram) =>
        [0.5, 0.99].map((share) => histogram.percentileMs(share).toPrecision(3)),
      ),
      (flooded.percentileMs(0.99) / alone.percentileMs(0.99)).toFixed(1),
      `${alone.count} + ${flooded.count}${failed > 0 ? ` (${failed} failed) !` : ''}`,
    ]
  })
  return `## Fairness: one account floods, others call once a second

${conditions()}. Foreign ${percent(foreignShare)}.

${quietAccounts} accounts each call \`${model}\` once a second, alone and then while one more account sends as much as it can over
${floodConnections} connections. Latency of the ${quietAccounts} in ms, from the intended time of sending, of all rounds together. The alternative knows no
accounts; its requests come the same way.

${table(head, rows)}
`
}

const head = [
  ...[
    'server',
    'flood answered 1/s',
    'p50 alone',
    '**p99 alone**',
    'p50 flooded',
    '**p99 flooded**',
  ],
  ...['**p99 flooded / alone**', 'calls'],
]

function merged(results: readonly LoadResult[]): Histogram {
  const all = new Histogram()
  for (const { latency } of results) all.add(latency)
  return all
}
