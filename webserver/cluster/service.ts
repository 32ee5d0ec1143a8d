import { rmSync } from 'node:fs'
import type { Run } from '../../perf/run'
import type { Perf } from '../../perf/timing'
import type { ClusterHooks } from '../config/define-cluster'
import { pathsOf, type Paths } from '../config/paths'
import type { Config } from '../config/schema'
import { requireWorkable } from '../database/open-database'
import type { PlannedModel } from '../model/model-plan'
import type { ModelPins } from '../domain/model-pins'
import type { ModelDigest } from '../model/repository'
import { placeSampleModels } from '../model/samples'
import type { NginxFiles } from '../nginx/directory'
import type { Logger } from '../platform/logger'
import { claimPort, urlOf } from './address'
import { answersOf } from './answers'
import { ControlServer } from './control-server'
import { prepareDataDirectory, prepareRunDirectory } from './data-directory'
import { lockDataDirectory, type DataLock } from './data-lock'
import { launchChild } from './launch'
import { createModelChecker } from './launch-checker'
import { findNginx, launchNginx, prepareNginx } from './launch-nginx'
import { endLeftovers } from './leftovers'
import { launcherOfEngines } from './memory-limit'
import { Monitoring } from './monitoring'
import { OwnerRecord } from './owner-record'
import { LiveControl } from './live-control'
import type { ModelVersion } from './life-signs'
import { ModelControl } from './model-control'
import { prepareData } from './prepare-data'
import { requireProviders } from './require-providers'
import { SharedMemoryControl } from './shared-memory-control'
import { Supervisor } from './supervisor'

export interface ServiceOptions {
  config: Config
  hooks: ClusterHooks
  log: Logger
  /** The service cannot go on and must be stopped. @param why one sentence. */
  onFatal(why: string): void
}

export interface Started {
  url: string
  paths: Paths
  run: { number: number; directory: string } | null
  /** Null when there is an account already. */
  firstAccountToken: string | null
}

/** The whole service as the primary sees it: started in order, stopped in the opposite one. */
export class Service {
  private readonly paths: Paths
  private readonly owner: OwnerRecord
  private readonly supervisor: Supervisor
  private readonly models: ModelControl
  private readonly monitoring: Monitoring
  private readonly stopping = new AbortController()
  private config: Config
  private lock: DataLock | null = null
  private planned: readonly ModelDigest[] = []
  /** Null before the perf log is opened. */
  private live: LiveControl | null = null
  /** Uploads may have left drafts and contents behind, and the next start must look for them. */
  private mustSweep = false
  private nginxFiles: NginxFiles | null = null

  constructor(private readonly options: ServiceOptions) {
    const { config, hooks, log, onFatal } = options
    this.config = config
    this.paths = pathsOf(config)
    this.owner = new OwnerRecord(this.paths.owner)
    this.supervisor = new Supervisor({
      settings: config.cluster,
      hooks,
      log,
      onStarted: (process) => {
        this.owner.childStarted(process)
        this.live?.run?.processStarted(process)
      },
      onExited: (process, exit) => {
        const { role, pid } = process
        const { code, signal } = exit
        this.monitoring.exited(process, exit)
        this.owner.childEnded(pid)
        this.mustSweep ||= code !== 0 && (role === 'worker' || role === 'writer')
        this.live?.run?.processExited(pid, code, signal)
      },
      onGiveUp: onFatal,
    })
    const { signal } = this.stopping
    const checker = createModelChecker({
      config,
      storePath: this.paths.modelChecks,
      log,
      owner: this.owner,
      live: () => this.live!,
      signal,
    })
    this.models = new ModelControl({
      config,
      paths: this.paths,
      log,
      check: (plan, again) => checker.check(plan, { again, signal }),
      engines: () => this.supervisor.engines,
      route: (pins) => this.route(pins),
      onPlanned: (models) => {
        this.planned = models.map(digestOf)
        this.live?.run?.setModels(this.planned)
      },
    })
    this.monitoring = new Monitoring(config.metrics, () => this.supervisor.readyProcesses)
  }

  /**
   * @param signal aborted when the service is to stop before it has started.
   * @throws {StartError} and other errors whose message is one sentence for who starts the service.
   */
  async start(signal: AbortSignal): Promise<Started> {
    const { hooks, log } = this.options
    await hooks.onStarting?.()
    requireWorkable(this.config)
    requireProviders(this.config.inference.providers)
    prepareDataDirectory(this.paths)
    this.lock = await lockDataDirectory({
      paths: this.paths,
      owner: this.owner,
      log,
      onLost: () => this.options.onFatal('Another server has taken the data directory.'),
    })
    const { previous } = this.lock
    this.mustSweep = previous !== null
    if (previous !== null) await endLeftovers(previous, log)
    prepareRunDirectory(this.paths)
    const nginx = this.config.http.nginx ? findNginx(this.config.http.nginxBinary) : null
    await this.fixPort()
    const { perf } = (this.live = this.openLive())
    const preparing = { config: this.config, paths: this.paths, perf, log }
    const firstAccountToken = await prepareData({ ...preparing, afterCrash: this.mustSweep })
    this.mustSweep = false
    await this.prepareModels(perf)
    await this.startProcesses(this.live, signal, nginx)
    const url = urlOf(this.config.http)
    return { url, paths: this.paths, run: this.live.run?.info ?? null, firstAccountToken }
  }

  /** Replaces workers and engines one by one, without a failed request; engines find the models anew. */
  async reload(): Promise<void> {
    const { log } = this.options
    const startedAt = this.live?.perf.now() ?? 0
    await this.supervisor.replaceAll('worker')
    await this.models.reload()
    this.live?.perf.call('reload', startedAt)
    log.info('reloaded')
  }

  /**
   * Stops in phases, each with a limit: from the front, so that nothing is asked of what has gone.
   * @returns whether every process ended by itself and in time.
   */
  async stop(why: string): Promise<boolean> {
    let clean = true
    this.models.close()
    this.stopping.abort()
    this.supervisor.setDraining()
    for (const role of ['nginx', 'worker', 'engine', 'writer'] as const) {
      const startedAt = this.live?.perf.now() ?? 0
      clean = (await this.supervisor.stop(role)) && clean
      this.live?.perf.call(`stop.${role}`, startedAt)
    }
    await this.leave(why)
    return clean
  }

  /** The immediate end: what is in hand is lost. */
  kill(): void {
    this.stopping.abort()
    this.supervisor.killAll()
  }

  private async leave(why: string): Promise<void> {
    this.supervisor.close()
    this.live?.perf.close(why)
    this.live?.run?.finish(why)
    if (this.lock !== null) {
      this.nginxFiles?.remove()
      rmSync(this.paths.run, { recursive: true, force: true })
      if (!this.mustSweep) this.owner.remove()
      await this.lock.release()
    }
    await this.callOnExit()
  }

  private async callOnExit(): Promise<void> {
    const { hooks, log } = this.options
    try {
      await hooks.onExit?.()
    } catch (error) {
      log.error({ err: error, hook: 'onExit' }, 'a hook of cluster.config.ts failed')
    }
  }

  private async fixPort(): Promise<void> {
    const { http } = this.config
    this.config = { ...this.config, http: { ...http, port: await claimPort(http) } }
  }

  private openLive(): LiveControl {
    return new LiveControl({
      config: this.config,
      directory: this.paths.perfLogs,
      log: this.options.log,
      tellAll: (message) => this.supervisor.tellAll(message),
      onRunOpened: (run) => this.describe(run),
    })
  }

  private describe(run: Run): void {
    run.setModels(this.planned)
    for (const process of this.supervisor.processes) run.processStarted(process)
  }

  private async startProcesses(
    live: LiveControl,
    signal: AbortSignal,
    nginx: readonly string[] | null,
  ): Promise<void> {
    const { config, supervisor } = this
    const context = {
      config,
      live: () => live.forProcess,
      status: () => supervisor.status,
      engineLauncher: launcherOfEngines(config.inference.memoryBytesMax, this.options.log),
      control: this.controlServer(live),
      monitoring: this.monitoring,
      onModelDeath: (model: ModelVersion, signal: NodeJS.Signals) => {
        this.monitoring.modelDied(model, signal)
        this.models.engineEnded(model)
      },
    }
    signal.throwIfAborted()
    await supervisor.start('writer', 1, (slot) => launchChild('writer', slot, context))
    signal.throwIfAborted()
    await Promise.all([
      supervisor.start('worker', config.cluster.workers, (n) => launchChild('worker', n, context)),
      supervisor.start('engine', config.cluster.engines, (n) => launchChild('engine', n, context)),
    ])
    signal.throwIfAborted()
    if (nginx !== null) await this.startNginx(nginx)
  }

  private async prepareModels(perf: Perf): Promise<void> {
    const startedAt = perf.now()
    const modelsDirectory = this.paths.models
    if (this.config.models.samples)
      await placeSampleModels({ modelsDirectory, log: this.options.log })
    await this.models.start()
    perf.call('start.models', startedAt)
  }

  private controlServer(live: LiveControl): ControlServer {
    const { config, paths, models, monitoring } = this
    const sharedMemory = new SharedMemoryControl(config.inference, paths.sharedMemory)
    return new ControlServer(
      answersOf({ models, monitoring, sharedMemory, live }),
      this.options.log,
    )
  }

  private async startNginx(command: readonly string[]): Promise<void> {
    const { config, paths } = this
    const perfDirectory = this.live?.run?.info.directory ?? null
    const files = (this.nginxFiles = prepareNginx({ config, paths, perfDirectory }))
    files.setPins(this.supervisor.status.pins ?? {})
    await this.supervisor.start('nginx', 1, () => launchNginx(command, files))
  }

  /** Where requests for pinned models go, through nginx and through workers. */
  private route(pins: ModelPins): void {
    this.supervisor.setPins(pins)
    if (this.nginxFiles?.setPins(pins) === true) this.supervisor.hangUp('nginx')
  }
}

function digestOf({ name, version, sizeBytes, sha256 }: PlannedModel): ModelDigest {
  return { name, version, sizeBytes, sha256 }
}
