import { Agent, request } from 'node:http'
import { filePath } from '../../../webserver/demo/client'
import { directoryFor, type Bench } from '../bench'
import { ForeignLoad } from '../foreign-load'
import { conditions } from '../results'
import { startService, type Service } from '../service'
import { median, medianRatio, percent, percentile, short, table } from '../statistics'

const pieceBytes = 200
const clientCounts = [1, 16, 64] as const

interface Appending {
  clients: number
  durable: Rates[]
  held: Rates[]
}

interface Rates {
  piecesPerS: number
  p99Ms: number
}

/** Files that grow by small pieces, one for each client: each piece durable when it is answered, against held ones. */
export async function append(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const directory = directoryFor(bench, 'append')
  bench.say('append: starting the service')
  const service = await startService(bench.processes, directory, ['--no-models-samples'])
  try {
    const all = clientCounts.map((clients): Appending => ({ clients, durable: [], held: [] }))
    for (let round = 1; round <= bench.rounds; round++)
      for (const { clients, durable, held } of all) {
        durable.push(await measure(bench, { service, clients, isHeld: false }))
        held.push(await measure(bench, { service, clients, isHeld: true }))
        bench.say(
          `append: ${clients} clients, durable ${durable.at(-1)!.piecesPerS.toFixed(0)}/s, ` +
            `held ${held.at(-1)!.piecesPerS.toFixed(0)}/s`,
        )
      }
    return describe(all, foreign.share())
  } finally {
    await service.stop()
  }
}

interface Measuring {
  service: Service
  clients: number
  isHeld: boolean
}

/** On new files, so that neither way is slowed by what the other left behind. */
async function measure(
  { seconds }: Bench,
  { service, clients, isHeld }: Measuring,
): Promise<Rates> {
  const folder = `bench/appended-${Date.now()}`
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const { authorization } = service.client
  const growing = Array.from({ length: clients }, (_, number): Growing => {
    const url = service.url + filePath(service.account, `${folder}/${number}`)
    return { url, agent, headers: { authorization, ...(isHeld && { prefer: 'respond-async' }) } }
  })
  for (const { url } of growing) await fetch(url, { method: 'PUT', headers: { authorization } })
  const startedAt = performance.now()
  const untilMs = startedAt + seconds * 1000
  const latencies = (await Promise.all(growing.map((file) => grow(file, untilMs)))).flat()
  const elapsedMs = performance.now() - startedAt
  agent.destroy()
  return {
    piecesPerS: (latencies.length * 1000) / elapsedMs,
    p99Ms: percentile(latencies, 0.99),
  }
}

interface Growing {
  url: string
  agent: Agent
  headers: Record<string, string>
}

/** @returns how long each piece took, in ms. */
async function grow(file: Growing, untilMs: number): Promise<number[]> {
  const latencies: number[] = []
  for (let sentAt = performance.now(); sentAt < untilMs; sentAt = performance.now()) {
    const status = await sendPiece(file, latencies.length * pieceBytes)
    const isExpected = status === ('prefer' in file.headers ? 202 : 200)
    // A piece may be made durable at once for want of room, which would not be what is measured.
    if (!isExpected) throw new Error(`a piece was answered ${status}`)
    latencies.push(performance.now() - sentAt)
  }
  return latencies
}

const piece = Buffer.alloc(pieceBytes, 'x')

function sendPiece({ url, agent, headers: own }: Growing, offset: number): Promise<number> {
  const headers = {
    ...own,
    'content-type': 'application/octet-stream',
    'content-length': pieceBytes,
    'upload-offset': offset,
  }
  return new Promise((resolve, reject) => {
    request(url, { method: 'PATCH', agent, headers }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode!))
    })
      .once('error', reject)
      .end(piece)
  })
}

function describe(all: readonly Appending[], foreignShare: number): string {
  const rates = (measured: readonly Rates[]) => measured.map(({ piecesPerS }) => piecesPerS)
  const p99Of = (measured: readonly Rates[]) =>
    median(measured.map(({ p99Ms }) => p99Ms)).toPrecision(3)
  const rows = all.map(({ clients, durable, held }) => [
    String(clients),
    short(median(rates(durable))),
    p99Of(durable),
    short(median(rates(held))),
    p99Of(held),
    medianRatio(rates(held), rates(durable)).toFixed(1),
  ])
  return `## Appends of ${pieceBytes} bytes

${conditions()}. Foreign ${percent(foreignShare)}.

Each client appends to a file of its own and says where it ends. Held appends (\`Prefer: respond-async\`) are answered from memory and made
durable together, every \`files.appendFlushMs\` or \`files.appendFlushBytes\`; the others are durable when they are answered. The clients
are one Node process, which shares the cores and is soon what limits the held ones.

${table(['clients', 'durable 1/s', 'p99 ms', 'held 1/s', 'p99 ms', '**held / durable**'], rows)}
`
}
