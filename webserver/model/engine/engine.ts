import { setPriority } from 'node:os'
import { join } from 'node:path'
import type { RoleContext, Running } from '../../config/process-setup'
import { readVersion } from '../../config/version'
import { endRequests, idleGraceMs } from '../../platform/end-requests'
import { listenOnSocket } from '../../platform/listen-on-socket'
import { type PlannedModel, readPlan } from '../model-plan'
import { planOf } from '../model-pinning'
import { Accounts } from './account'
import { InferDecoder } from './decode-infer'
import { enterEmptyDirectory } from './empty-directory'
import { createEngineServer } from './engine-server'
import type { InferTarget } from './infer-exchange'
import { type LoadedModel, loadModels, type LoadParts } from './load-models'
import { ModelRegistry } from './model-registry'
import { reportsOf } from './model-reports'
import { loadRuntime } from './ort-runtime'
import { BodyBudget } from './request-body'
import { ResidentModels } from './resident-models'
import { ResponseCache } from './response-cache'
import { Scheduler } from './scheduler'
import { SharedMemory } from './shared-memory'
import { timeoutMarker } from './timeout-marker'
import { Watchdog } from './watchdog'

/**
 * Starts an Open Inference Protocol v2 server on this engine's unix socket: loads the models
 * of the plan, then listens. A model that cannot be loaded keeps its reason; the others are served.
 * @throws {Error} when ONNX Runtime or the socket is not to be had.
 */
export async function startEngine(context: RoleContext): Promise<Running> {
  const { setup, paths, perf, log, counts } = context
  const settings = setup.config.inference
  enterEmptyDirectory(join(paths.run, `engine-${setup.slot}.cwd`))
  const plan = planOf(setup.slot, await readPlan(paths.modelPlan))
  const watchdog = startWatchdog(context, plan.models)
  // On Linux this is the main thread's and that of those it makes from now on: the watchdog keeps its own.
  setPriority(settings.niceness)
  const runtime = await loadRuntime(settings)
  const loading = loadPartsOf(context, { runtime, watchdog })
  const residents = new ResidentModels({
    ...loading,
    budgetBytes: Math.floor(settings.modelMemoryBytesMax / setup.config.cluster.engines),
    requestReplacement: () => requestReplacement(context),
  })
  const loaded = await loadModels(plan.models, residents, loading)
  const scheduler = new Scheduler({
    limits: settings,
    watchdog,
    Tensor: runtime.Tensor,
    counts,
    log,
    load: (model) => residents.load(model),
  })
  const budget = new BodyBudget(settings.bodyBytesMax, settings.queueBytesMax)
  perf.gauge('queue', () => scheduler.waiting)
  perf.gauge('queue_bytes', () => budget.heldBytes)
  let draining = false
  const server = createEngineServer({
    scheduler,
    accounts: new Accounts(),
    cache: new ResponseCache(settings.responseCacheBytesMax),
    budget,
    watchdog,
    perf,
    log,
    deadlineMs: settings.deadlineMs,
    answerBytesMax: settings.answerBytesMax,
    memory: settings.systemSharedMemory ? new SharedMemory(paths.sharedMemory) : null,
    registry: registryOf(loaded, scheduler),
    server: { name: settings.serverName, version: readVersion() },
    headersTimeoutMs: setup.config.http.headersTimeoutMs,
    isDraining: () => draining,
  })
  await listenOnSocket(server, paths.socket(`engine-${setup.slot}`))
  context.tell({ type: 'models', plan: plan.number, models: reportsOf(loaded) })
  return {
    drain: async () => {
      draining = true
      await endRequests(server, {
        graceMs: idleGraceMs,
        limitMs: setup.config.cluster.drainTimeoutMs,
      })
      await watchdog.close()
    },
  }
}

function loadPartsOf(
  { setup: { config }, paths, perf, counts, log }: RoleContext,
  native: Pick<LoadParts, 'runtime' | 'watchdog'>,
): LoadParts {
  const { inference: settings, cluster } = config
  const { startTimeoutMs } = cluster
  return { ...native, perf, counts, log, settings, startTimeoutMs, runDirectory: paths.run }
}

/** The primary starts another engine in place of this one and then has this one drain; no request fails. */
function requestReplacement({ setup, control, log }: RoleContext): void {
  control
    .ask('engine.replace', { slot: setup.slot })
    .catch((err: unknown) => log.warn({ err }, 'the engine was not replaced'))
}

function startWatchdog({ setup, paths }: RoleContext, plan: readonly PlannedModel[]): Watchdog {
  const { cluster, inference } = setup.config
  return new Watchdog({
    models: plan.map((file) => ({
      name: file.name,
      version: file.version,
      marker: timeoutMarker(file, paths.run),
    })),
    slot: setup.slot,
    heartbeatIntervalMs: cluster.heartbeatIntervalMs,
    heartbeatTimeoutMs: cluster.heartbeatTimeoutMs,
    runTimeoutMs: inference.deadlineMs,
  })
}

function registryOf(
  loaded: readonly LoadedModel[],
  scheduler: Scheduler,
): ModelRegistry<InferTarget> {
  const registry = new ModelRegistry<InferTarget>()
  for (const item of loaded) {
    const { name, version } = item.file
    if ('reason' in item) registry.add(name, { version, state: item.state, reason: item.reason })
    else {
      const { model } = item
      const target = { queue: scheduler.addModel(model), decoder: new InferDecoder(model) }
      registry.add(name, { version, state: 'ready', target })
    }
  }
  return registry
}
