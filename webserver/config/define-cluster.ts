import type { ConfigInput } from './schema'

/** A process of the cluster as hooks see it. */
export interface ProcessInfo {
  role: 'worker' | 'writer' | 'engine'
  /** 1..n within its role; a replacement takes the slot of the process it replaces. */
  slot: number
  pid: number
}

export interface ExitInfo extends ProcessInfo {
  code: number | null
  signal: NodeJS.Signals | null
}

/** Called in the primary. A hook that throws in `onStarting` stops the start; elsewhere it is logged. */
export interface ClusterHooks {
  /** Settings are valid, nothing is open yet. */
  onStarting?(): void | Promise<void>
  /** A process was forked; it is not ready yet. */
  postFork?(process: ProcessInfo): void
  /** A process ended, wanted or not. */
  workerExit?(exit: ExitInfo): void
  /** Everything is stopped. */
  onExit?(): void | Promise<void>
}

export interface ClusterConfig {
  /** Settings that differ from their defaults; the environment and flags win over them. */
  settings?: ConfigInput
  hooks?: ClusterHooks
}

/** Gives `cluster.config.ts` its types, as `gunicorn.conf.py` is plain Python. */
export function defineCluster(config: ClusterConfig): ClusterConfig {
  return config
}
