import { runChild, type StartRole } from './cluster/child'
import { takeProcessSetup } from './config/process-environment'
import type { ChildRole } from './config/process-setup'

// Loaded on demand: a worker has no use for ONNX Runtime, nor an engine for SQLite.
const roles: Record<ChildRole, () => Promise<StartRole>> = {
  worker: async () => (await import('./cluster/worker')).startWorker,
  writer: async () => (await import('./database/writer')).startWriter,
  engine: async () => (await import('./model/engine/engine')).startEngine,
  checker: async () => (await import('./model/checker/checker')).startChecker,
}

async function main(): Promise<void> {
  const setup = takeProcessSetup()
  if (setup !== null) return runChild(setup, roles[setup.role])
  const { runPrimary } = await import('./cluster/primary')
  await runPrimary()
}

void main()
