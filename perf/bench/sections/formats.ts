import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeInferRequest, type Tensor } from '../../../webserver/demo/tensors'
import { directoryFor, type Bench } from '../bench'
import { inferenceCases, writeModels } from '../cases'
import { ForeignLoad } from '../foreign-load'
import { encodeNpy } from '../npy'
import { cpuSecondsOf } from '../process-table'
import { conditions } from '../results'
import { startService, type Service } from '../service'
import { median, medianRatio, percent, short, table } from '../statistics'
import { runWrk, writeScript, type Load } from '../wrk'

const models = ['mlp', 'cnn'] as const
const clients = 8

/** One way to send a tensor and to get one back. */
interface Format {
  headers: Record<string, string>
  body: Buffer
}

interface FormatCell {
  model: string
  format: string
  path: string
  script: string
  bodyBytes: number
  answerBytes: number
  loads: (Load & { cpuUs: number })[]
}

/** What each format of a request costs, for a tensor of 3 KB and one of 602 KB. */
export async function formats(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const directory = directoryFor(bench, 'formats')
  const modelsDirectory = join(directory, 'models')
  writeModels(modelsDirectory)
  bench.say('formats: starting the service')
  const service = await startService(bench.processes, directory, [
    ...['--models-directory', modelsDirectory, '--no-models-samples'],
  ])
  try {
    const cells: FormatCell[] = []
    for (const { model, inputs } of inferenceCases().filter(({ model }) =>
      isMeasured(bench, model),
    ))
      for (const [format, request] of Object.entries(formatsOf(inputs[0]!)))
        cells.push(await prepare(service, directory, { model, format, request }))
    // The first round warms up.
    for (let round = bench.quick ? 1 : 0; round <= bench.rounds; round++)
      for (const cell of cells) await measure(bench, service, cell, round > 0)
    return describe(cells, foreign.share())
  } finally {
    await service.stop()
  }
}

function isMeasured({ quick }: Bench, model: string): boolean {
  return (quick ? models.slice(0, 1) : models).some((one) => one === model)
}

function formatsOf(tensor: Tensor): Record<string, Format> {
  const { name, shape, data } = tensor
  const { body, headerBytes } = encodeInferRequest([tensor])
  const json = { inputs: [{ name, shape, datatype: 'FP32', data: Array.from(data, Number) }] }
  return {
    JSON: {
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(json)),
    },
    binary: { headers: { 'inference-header-content-length': String(headerBytes) }, body },
    npy: {
      headers: { 'content-type': 'application/x-npy', accept: 'application/x-npy' },
      body: encodeNpy(tensor),
    },
    raw: {
      headers: { 'inference-header-content-length': '0' },
      body: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    },
  }
}

/** @throws {Error} when the service does not answer 200. */
async function prepare(
  service: Service,
  directory: string,
  { model, format, request }: { model: string; format: string; request: Format },
): Promise<FormatCell> {
  const path = `/v2/models/${model}/infer`
  const { body } = request
  const headers = { ...request.headers, authorization: service.client.authorization }
  const bodyFile = join(directory, `${model}-${format}.request`)
  writeFileSync(bodyFile, body)
  const script = writeScript(directory, `${model}-${format}`, { method: 'POST', headers, bodyFile })
  const response = await fetch(new URL(path, service.url), { method: 'POST', headers, body })
  const answer = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200)
    throw new Error(`${path} as ${format}: ${response.status} ${answer.toString().slice(0, 500)}`)
  return {
    ...{ model, format, path, script, loads: [] },
    ...{ bodyBytes: body.length, answerBytes: answer.length },
  }
}

async function measure(
  bench: Bench,
  service: Service,
  cell: FormatCell,
  counts: boolean,
): Promise<void> {
  await bench.processes.settle()
  const pids = service.processes().map(({ pid }) => pid)
  const before = cpuSecondsOf(pids)
  const url = new URL(cell.path, service.url).href
  const { script } = cell
  const load = await runWrk(bench.processes, { url, script, clients, seconds: bench.seconds })
  const cpuUs = ((cpuSecondsOf(pids) - before) / load.requests) * 1e6
  if (counts) cell.loads.push({ ...load, cpuUs })
  bench.say(`  ${cell.model} as ${cell.format}: ${load.requestsPerS.toFixed(0)}/s`)
}

function describe(cells: readonly FormatCell[], foreignShare: number): string {
  const rates = ({ loads }: FormatCell) => loads.map(({ requestsPerS }) => requestsPerS)
  const rows = cells.map((cell) => {
    const { model, format, loads, bodyBytes, answerBytes } = cell
    const binary = cells.find((other) => other.model === model && other.format === 'binary')!
    const failed = loads.some((load) => load.failed > 0)
    return [
      ...[model, format, short(bodyBytes), short(answerBytes)],
      short(median(rates(cell))) + (failed ? ' !' : ''),
      medianRatio(rates(cell), rates(binary)).toFixed(2),
      median(loads.map(({ cpuUs }) => cpuUs)).toFixed(0),
    ]
  })
  const head = ['model', 'format', 'request bytes', 'answer bytes', 'requests 1/s', '**/ binary**']
  return `## Formats of a request

${conditions()}. Foreign ${percent(foreignShare)}.

The same tensor (FP32 [1,784] and [1,3,224,224]) to the same model in four formats, ${clients} clients, through nginx with sign-in. JSON is
answered in JSON, npy in npy, the others in binary tensors. CPU is that of all the service's processes, nginx's and the
model's run included, per request.

${table([...head, 'CPU µs'], rows)}
`
}
