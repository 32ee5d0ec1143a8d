import { join } from 'node:path'
import { z } from 'zod'
import { NotAFileError, openRegularFile } from './regular-file'

/** Of files beside a model. */
export const fileNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const items = z.number().int().min(1).max(4096)
const dimension = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1)

/** Which versions of a model are served, as Triton words it; of a `model.json` beside the versions, not of one in them. */
export const versionPolicySchema = z.union([
  z.literal('all'),
  z.strictObject({ latest: z.number().int().min(1).max(1000) }),
  z.strictObject({ specific: z.array(z.string().min(1).max(64)).min(1).max(1000) }),
])

/** What a `model.json` may say; everything else is read from the ONNX file. */
export const modelSettingsSchema = z.strictObject({
  platform: z.string().min(1).max(64).default('onnxruntime_onnx'),
  versionPolicy: versionPolicySchema.optional(),
  /** Whether requests may be joined along the first dimension; off where a tensor keeps its batch on another axis. */
  batching: z.boolean().default(true),
  /** Most items joined into one run; what was measured, else the setting `inference.batchItemsMax`, when absent. */
  batchItemsMax: items.optional(),
  /** Sizes that a batch waits for, at most `queueDelayUs`; without them whatever waits is taken. */
  preferredBatchSizes: z.array(items).max(16).default([]),
  /** How long the oldest request of a batch may be held for others to join it; 0 never delays a lone request. */
  queueDelayUs: z.number().int().min(0).max(60_000_000).default(0),
  /** Requests that wait in one engine; the setting `inference.queueMax` when absent. */
  queueMax: z.number().int().min(1).max(100_000).optional(),
  /** How long a request may wait; the setting `inference.queueTimeoutMs` when absent. */
  queueTimeoutMs: z.number().int().min(1).max(3_600_000).optional(),
  /** Priorities 1 (first) to this; 0 is a model without them. */
  priorityLevels: z.number().int().min(0).max(64).default(0),
  /** Of requests that state none. */
  defaultPriority: z.number().int().min(1).max(64).optional(),
  /** Whether answers are kept and given again for equal inputs, within `inference.responseCacheBytesMax`. */
  responseCache: z.boolean().default(false),
  /** The only engines that load the model, by number; all when absent. */
  engines: z.array(z.number().int().min(1).max(256)).min(1).max(256).optional(),
  /** Threads of one run; the setting `inference.threadsPerEngine` when absent. */
  threads: z.number().int().min(1).max(256).optional(),
  /** Shapes of one item for warm-up and measurement, by input; declared dimensions serve where they are fixed. */
  exampleShapes: z.record(z.string(), z.array(dimension).max(16)).optional(),
  /** A file beside the model that names the classes, one a line: of every output, or by output. */
  labels: z
    .union([
      z.string().regex(fileNamePattern),
      z.record(z.string(), z.string().regex(fileNamePattern)),
    ])
    .optional(),
})

export type ModelSettings = z.infer<typeof modelSettingsSchema>
export type ModelSettingsInput = z.input<typeof modelSettingsSchema>

const fileName = 'model.json'
const fileBytesMax = 64 * 1024

/**
 * The settings of one version: its own `model.json`, else the one beside the versions, else the defaults.
 * @throws {Error} with the reason when the file cannot be read or says what it may not.
 */
export async function readModelSettings(
  modelDirectory: string,
  version: string,
): Promise<ModelSettings> {
  const text =
    (await readIfThere(join(modelDirectory, version, fileName))) ??
    (await readIfThere(join(modelDirectory, fileName)))
  return parseSettings(text ?? '{}')
}

/**
 * The settings beside the versions: the model's own, of which `versionPolicy` counts.
 * @throws {Error} as `readModelSettings`.
 */
export async function readSharedSettings(modelDirectory: string): Promise<ModelSettings> {
  return parseSettings((await readIfThere(join(modelDirectory, fileName))) ?? '{}')
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readText(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    const what = error instanceof NotAFileError ? 'is not a file' : 'cannot be read'
    throw new Error(`model.json ${what}`, { cause: error })
  }
}

/** One byte more than is taken, at most: then it is known to be too long. */
async function readText(path: string): Promise<string> {
  const file = await openRegularFile(path)
  const bytes = Buffer.alloc(fileBytesMax + 1)
  const { bytesRead } = await file.read(bytes).finally(() => file.close())
  return bytes.toString('utf8', 0, bytesRead)
}

function parseSettings(text: string): ModelSettings {
  if (text.length > fileBytesMax) throw new Error(`model.json is longer than ${fileBytesMax} bytes`)
  const parsed = modelSettingsSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const field = issue.path.join('.')
  throw new Error(`model.json: ${field === '' ? '' : `${field}: `}${issue.message}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error('model.json is not JSON', { cause: error })
  }
}
