import { join } from 'node:path'
import { directoryFor, type Bench } from './bench'
import { inferenceCases, writeModels } from './cases'
import { Loops } from './loops'
import type { LoadOrder, LoadResult } from './load/load'
import { alternativePeers, startPeerServers } from './peer-servers'
import { prepareCase, type Prepared } from './prepare-case'
import { nginxWorkersOf, startService, type Service } from './service'

/** The service, the alternatives that run here, and a load generator in a process of its own, all up at once. */
export interface Stage {
  service: Service
  prepared: readonly Prepared[]
  /** Base URL by name, the service's first. */
  urls: Readonly<Record<string, string>>
  /** One run of load; `requests` as ready-made bytes. */
  generate(target: string, order: Omit<LoadOrder, 'host' | 'port'>): Promise<LoadResult>
  stop(): Promise<void>
}

/** How the servers are called in a report. */
export const titles: Readonly<Record<string, string>> = {
  service: 'Gristmill',
  express: 'Express',
  fastapi: 'FastAPI',
}

/** @param models of `inferenceCases`, each already asked once. @param flags further flags of the service. */
export async function startStage(
  bench: Bench,
  section: string,
  models: readonly string[],
  flags: readonly string[] = [],
): Promise<Stage> {
  const directory = directoryFor(bench, section)
  const modelsDirectory = join(directory, 'models')
  const files = writeModels(modelsDirectory)
  bench.say(`${section}: starting the service and its peers`)
  const service = await startService(bench.processes, directory, [
    ...['--models-directory', modelsDirectory, '--no-models-samples', ...flags],
  ])
  const prepared: Prepared[] = []
  for (const sample of inferenceCases().filter(({ model }) => models.includes(model)))
    prepared.push(await prepareCase(service, directory, sample, files[sample.model]!))
  const peers = await startPeerServers(bench, {
    directory,
    count: service.processes().filter(({ role }) => role === 'engine').length,
    nginxWorkers: nginxWorkersOf(service),
    peers: alternativePeers(
      bench,
      Object.fromEntries(prepared.map(({ sample, file }) => [sample.model, file])),
    ),
  })
  const loops = await Loops.start<LoadOrder, LoadResult>(bench.processes, 'load-generator', 1)
  const urls = { service: service.url, ...peers.urls } as Record<string, string>
  return {
    ...{ service, prepared, urls },
    generate: async (target, order) => {
      const { hostname: host, port } = new URL(urls[target]!)
      const [result] = await loops.measure([{ ...order, host, port: Number(port) }])
      return result!
    },
    stop: async () => {
      await Promise.all([service.stop(), peers.stop(), loops.stop()])
    },
  }
}

/** What one server answers of a request, per second, to so many connections that never wait. */
export async function measureCapacity(
  bench: Bench,
  stage: Stage,
  args: { target: string; request: Uint8Array; durationMs: number },
): Promise<number> {
  const { target, request, durationMs } = args
  const clients = 32
  await bench.processes.settle()
  const { good, failed } = await stage.generate(target, {
    ...{ requests: [request], arrivals: { kind: 'closed', clients }, durationMs },
    ...{ deadlineMs: Infinity, connectionsMax: clients },
  })
  if (good === 0) throw new Error(`${target} answered nothing; ${failed} requests failed`)
  return (good / durationMs) * 1000
}
