import { join } from 'node:path'
import { conditions } from '../results'
import { directoryFor, type Bench } from '../bench'
import { inferenceCases, writeModels } from '../cases'
import { ForeignLoad } from '../foreign-load'
import { Loops } from '../loops'
import {
  alternativePeers,
  startPeerServers,
  transportPeer,
  type PeerServers,
} from '../peer-servers'
import type { LoopOrder, LoopResult } from '../peers/session-loop'
import { prepareCase, type Prepared } from '../prepare-case'
import { nginxWorkersOf, startService, type Service } from '../service'
import { runWrk, type Load } from '../wrk'
import { targets, type Cell, type Target } from './inference-cell'
import { measureCompute, type Compute } from './inference-compute'
import { describeInference } from './inference-report'
import { measureHealth, type Health } from './health'

const clientCounts = [1, 8, 32, 128] as const

interface Stage {
  service: Service
  peers: PeerServers
  /** Those that run here. */
  targets: readonly Target[]
  loops: Loops<LoopOrder, LoopResult>
  prepared: Prepared[]
  engines: number
}

/** Inference through nginx with sign-in, against the limit of the machine and the obvious alternatives. */
export async function inference(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const stage = await setStage(bench)
  try {
    if (!bench.quick) await warmUp(bench, stage)
    const cells = stage.prepared.flatMap((prepared) =>
      clientCountsOf(bench).map((clients): Cell => {
        return {
          prepared,
          clients,
          loads: { service: [], transport: [], express: [], fastapi: [] },
        }
      }),
    )
    const compute = new Map<string, Compute>()
    for (let round = 1; round <= bench.rounds; round++) {
      bench.say(`inference: round ${round} of ${bench.rounds}`)
      for (const { sample, file } of stage.prepared)
        await measureCompute({ ...stage, sample, file, compute })
      for (const cell of cells) await measureCell(bench, stage, cell)
    }
    const health = await healthUnderLoad(bench, stage)
    return describeInference({
      conditions: conditions(),
      foreignShare: foreign.share(),
      engines: stage.engines,
      ...{ cells, compute, health },
    })
  } finally {
    await Promise.all([stage.service.stop(), stage.peers.stop(), stage.loops.stop()])
  }
}

async function setStage(bench: Bench): Promise<Stage> {
  const directory = directoryFor(bench, 'inference')
  const models = join(directory, 'models')
  const files = writeModels(models)
  bench.say('inference: starting the service')
  const service = await startService(bench.processes, directory, [
    ...['--models-directory', models, '--no-models-samples'],
  ])
  const prepared: Prepared[] = []
  for (const sample of inferenceCases().filter(({ model }) => isMeasured(bench, model)))
    prepared.push(await prepareCase(service, directory, sample, files[sample.model]!))
  const engines = service.processes().filter(({ role }) => role === 'engine').length
  const answers = Object.fromEntries(prepared.map(({ path, answer }) => [path, answer]))
  const peers = await startPeerServers(bench, {
    ...{ directory, count: engines, nginxWorkers: nginxWorkersOf(service) },
    peers: { transport: transportPeer(bench, answers), ...alternativePeers(bench, files) },
  })
  const loops = await Loops.start<LoopOrder, LoopResult>(bench.processes, 'session-loop', engines)
  const running = targets.filter((target) => target === 'service' || target in peers.urls)
  return { service, peers, targets: running, loops, prepared, engines }
}

function isMeasured({ quick }: Bench, model: string): boolean {
  return !quick || ['tiny', 'cnn'].includes(model)
}

function clientCountsOf({ quick }: Bench): readonly number[] {
  return quick ? [32] : clientCounts
}

function urlOf({ service, peers }: Stage, target: Target, path: string): string {
  const base = target === 'service' ? service.url : peers.urls[target]
  return new URL(path, base).href
}

async function warmUp(bench: Bench, stage: Stage): Promise<void> {
  bench.say('inference: warming up')
  for (const { path, script } of stage.prepared)
    for (const target of stage.targets)
      await runWrk(bench.processes, {
        ...{ url: urlOf(stage, target, path), script, clients: 32, seconds: 1 },
      })
}

async function measureCell(bench: Bench, stage: Stage, cell: Cell): Promise<void> {
  const { prepared, clients, loads } = cell
  for (const target of stage.targets) {
    const url = urlOf(stage, target, prepared.path)
    const { script } = prepared
    await bench.processes.settle()
    const seconds = bench.seconds * secondsFactorOf(prepared.sample.model, clients)
    const load = await runWrk(bench.processes, { url, script, clients, seconds })
    loads[target].push(load)
    bench.say(
      `  ${prepared.sample.model} ${clients} clients ${target}: ${load.requestsPerS.toFixed(0)}/s` +
        (load.failed > 0 ? `, ${load.failed} failed` : ''),
    )
  }
}

/** The recogniser takes tens of ms: many clients need longer until enough of them have been answered. */
function secondsFactorOf(model: string, clients: number): number {
  if (model !== 'ppocr-rec') return 1
  return clients > 32 ? 3 : 2
}

/** `/healthz` on its own, and while 32 clients keep every engine busy with the CNN. */
async function healthUnderLoad(
  bench: Bench,
  stage: Stage,
): Promise<{ idle: Health; busy: Health; load: Load }> {
  const seconds = Math.max(2, 2 * bench.seconds)
  const idle = await measureHealth(stage.service.url, seconds * 1000)
  const cnn = stage.prepared.find(({ sample }) => sample.model === 'cnn')!
  const [load, busy] = await Promise.all([
    runWrk(bench.processes, {
      ...{ url: urlOf(stage, 'service', cnn.path), script: cnn.script, clients: 32 },
      seconds: seconds + 1,
    }),
    measureHealth(stage.service.url, seconds * 1000),
  ])
  return { idle, busy, load }
}
