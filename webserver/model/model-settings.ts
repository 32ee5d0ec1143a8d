import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

/** What a `model.json` may say; everything else is read from the ONNX file. */
const modelSettingsSchema = z.strictObject({
  platform: z.string().min(1).max(64).default('onnxruntime_onnx'),
  /** Whether requests may be joined along the first dimension; off where a tensor keeps its batch on another axis. */
  batching: z.boolean().default(true),
  /** Most items joined into one run; the setting `inference.batchItemsMax` when absent. */
  batchItemsMax: z.number().int().min(1).max(4096).optional(),
  /** A file beside this one that names the classes, one a line. */
  labels: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
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

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Error('model.json cannot be read', { cause: error })
  }
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
