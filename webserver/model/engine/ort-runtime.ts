import type { InferenceSession } from 'onnxruntime-node'
import { telemetryIsOff } from '../../config/telemetry'
import type { Config } from '../../config/schema'
import { firstLine } from './infer-error'
import type { TensorMaker } from './run-model'

export type Session = InferenceSession
export type TensorsByName = InferenceSession.OnnxValueMapType

/** ONNX Runtime, loaded. */
export interface Runtime {
  Tensor: TensorMaker
  /** @param threads of one run; the setting's when absent. */
  createSession(path: string, threads: number | undefined): Promise<InferenceSession>
}

// y = x, FP32 [1].
const smallestModel = Buffer.from(
  'CAgSCWdyaXN0bWlsbDo7ChAKAXgSAXkiCElkZW50aXR5EgVncmFwaFoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBE=',
  'base64',
)

/**
 * Loads ONNX Runtime into this process, which must be one of its own: a run blocks its thread.
 * @throws {Error} when the environment does not forbid its telemetry, or a provider of the settings is not to be had.
 */
export async function loadRuntime(settings: Config['inference']): Promise<Runtime> {
  if (!telemetryIsOff())
    throw new Error('ORT_DISABLE_TELEMETRY=1 must be set before ONNX Runtime is loaded')
  const ort = await import('onnxruntime-node')
  const options = sessionOptions(settings)
  for (const provider of options.executionProviders)
    await requireProvider(provider, (file) =>
      ort.InferenceSession.create(file, { ...options, executionProviders: [provider] }),
    )
  return {
    Tensor: ort.Tensor,
    createSession: (path, threads) =>
      ort.InferenceSession.create(path, {
        ...options,
        intraOpNumThreads: threads ?? settings.threadsPerEngine,
      }),
  }
}

/** Only a session shows whether this build and this machine have the provider. */
async function requireProvider(
  name: string,
  create: (file: Uint8Array) => Promise<InferenceSession>,
): Promise<void> {
  try {
    await (await create(smallestModel)).release()
  } catch (error) {
    const reason = firstLine(error instanceof Error ? error.message : String(error))
    throw new Error(`inference.providers: '${name}' is not available here: ${reason}`, {
      cause: error,
    })
  }
}

/** DESIGN D6: no spinning threads, no arena that keeps the memory of the largest batch. */
function sessionOptions(settings: Config['inference']) {
  return {
    executionProviders: settings.providers.split(',').map((name) => name.trim()),
    intraOpNumThreads: settings.threadsPerEngine,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: false,
    enableMemPattern: true,
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  } satisfies InferenceSession.SessionOptions
}
