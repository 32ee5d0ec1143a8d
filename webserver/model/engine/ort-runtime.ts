import type { InferenceSession } from 'onnxruntime-node'
import { telemetryIsOff } from '../../config/telemetry'
import type { Config } from '../../config/schema'
import type { TensorMaker } from './run-model'

/** ONNX Runtime, loaded. */
export interface Runtime {
  Tensor: TensorMaker
  createSession(path: string): Promise<InferenceSession>
}

/**
 * Loads ONNX Runtime into this process, which must be an engine of its own: a run blocks its thread.
 * @throws {Error} when the environment does not forbid its telemetry.
 */
export async function loadRuntime(settings: Config['inference']): Promise<Runtime> {
  if (!telemetryIsOff())
    throw new Error('ORT_DISABLE_TELEMETRY=1 must be set before ONNX Runtime is loaded')
  const ort = await import('onnxruntime-node')
  const options = sessionOptions(settings)
  return {
    Tensor: ort.Tensor,
    createSession: (path) => ort.InferenceSession.create(path, options),
  }
}

/** DESIGN D6: no spinning threads, no arena that keeps the memory of the largest batch. */
function sessionOptions(settings: Config['inference']): InferenceSession.SessionOptions {
  return {
    executionProviders: settings.providers.split(',').map((name) => name.trim()),
    intraOpNumThreads: settings.threadsPerEngine,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: false,
    enableMemPattern: true,
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  }
}
