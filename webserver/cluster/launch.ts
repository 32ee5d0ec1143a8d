import cluster, { type Worker } from 'node:cluster'
import { fork, type ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { childEnvironment, clusterEnvironment } from '../config/process-environment'
import type {
  LiveForProcess,
  ProcessSetup,
  ServiceStatus,
  ServingRole,
} from '../config/process-setup'
import type { Config } from '../config/schema'
import type { ControlServer } from './control-server'
import { LifeSigns, type ModelVersion } from './life-signs'
import { ManagedProcess } from './managed-process'
import type { Launcher } from './memory-limit'
import type { Monitoring } from './monitoring'

export interface LaunchContext {
  config: Config
  /** As it is when the process starts. */
  live(): LiveForProcess
  status(): ServiceStatus
  engineLauncher: Launcher
  control: ControlServer
  monitoring: Monitoring
  /** A run of the model has ended its engine. */
  onModelDeath(model: ModelVersion, signal: NodeJS.Signals): void
}

type ServingSetup = ProcessSetup & { role: ServingRole }

// The file that this process runs is the one that its children run.
const program = require.main?.filename ?? ''

export function launchChild(
  role: ServingRole,
  slot: number,
  context: LaunchContext,
): ManagedProcess {
  const { status } = context
  const setup = { role, slot, ...settingsOf(context) }
  if (role === 'worker')
    return managed(setup, forkWorker({ ...setup, status: status() }).process, context)
  if (role === 'writer') return managed(setup, forkPlain(setup), context)
  return launchEngine(setup, context)
}

/** New processes start with what was changed since the service did. */
export function settingsOf({
  config,
  live,
}: Pick<LaunchContext, 'config' | 'live'>): Omit<ProcessSetup, 'role' | 'slot'> {
  const { perfLevel, perfSample, logLevel, run } = live()
  const perf = { ...config.perf, level: perfLevel }
  return { config: { ...config, perf, log: { level: logLevel } }, perfSample, run }
}

/** Through node:cluster, so that without nginx all workers accept on one port. */
function forkWorker(setup: ProcessSetup): Worker {
  cluster.setupPrimary({ exec: program, args: [], stdio: ['ignore', 2, 2, 'ipc'] })
  return cluster.fork(clusterEnvironment(setup))
}

function forkPlain(setup: ProcessSetup): ChildProcess {
  return fork(program, [], { env: childEnvironment(setup), stdio: ['ignore', 2, 2, 'ipc'] })
}

/** An engine's signs of life come on a pipe, its descriptor 3. */
function launchEngine(setup: ServingSetup, context: LaunchContext): ManagedProcess {
  const child = fork(program, [], {
    ...context.engineLauncher,
    env: childEnvironment(setup),
    stdio: ['ignore', 2, 2, 'pipe', 'ipc'],
  })
  const engine = managed(setup, child, context)
  const beats = child.stdio[3] as Readable | null
  const signs = new LifeSigns()
  beats?.on('data', (chunk: Buffer) => {
    engine.signOfLife()
    signs.hear(chunk)
  })
  beats?.on('error', () => undefined)
  // After everything that the pipe still held.
  child.once('close', (_, signal) => {
    const model = signs.blamed(signal)
    if (model !== null && signal !== null) context.onModelDeath(model, signal)
  })
  return engine
}

function managed(
  { role, slot }: ServingSetup,
  child: ChildProcess,
  { control, monitoring }: LaunchContext,
): ManagedProcess {
  return new ManagedProcess(child, {
    role,
    slot,
    onAsk: (question) => control.reply(question),
    onCounts: (process, report) => monitoring.reported(process, report),
    requestDrain() {
      if (child.connected) child.send({ type: 'drain' }, () => undefined)
    },
  })
}
