import { z } from 'zod'
import { AppError } from '../domain/errors'
import { type ModelSettings, modelSettingsSchema } from './model-settings'

/** protobuf's JSON writes 64-bit numbers as text, and clients write others so too. */
const count = z.preprocess(
  (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
  z.number().int().min(0),
)
const ignored = z.unknown().optional()

const queuePolicySchema = z.strictObject({
  timeout_action: ignored,
  default_timeout_microseconds: count.optional(),
  allow_timeout_override: ignored,
  max_queue_size: count.optional(),
})

const dynamicBatchingSchema = z.strictObject({
  preferred_batch_size: z.array(count).optional(),
  max_queue_delay_microseconds: count.optional(),
  preserve_ordering: ignored,
  priority_levels: count.optional(),
  default_priority_level: count.optional(),
  default_queue_policy: queuePolicySchema.optional(),
})

const versionPolicySchema = z.union([
  z.strictObject({ latest: z.strictObject({ num_versions: count.default(1) }) }),
  z.strictObject({ all: z.unknown() }),
  z.strictObject({ specific: z.strictObject({ versions: z.array(z.coerce.string()) }) }),
])

/**
 * Triton's ModelConfig (model_config.proto as JSON): what has a counterpart here, and what may stand there without one,
 * so that a configuration that was read can be sent back. Schedulers that there are not are refused by name.
 */
const configSchema = z.strictObject({
  name: z.string().optional(),
  platform: z.string().optional(),
  max_batch_size: count.optional(),
  version_policy: versionPolicySchema.optional(),
  dynamic_batching: dynamicBatchingSchema.optional(),
  response_cache: z.strictObject({ enable: z.boolean().default(false) }).optional(),
  parameters: z.record(z.string(), z.looseObject({ string_value: z.string() })).optional(),
  backend: ignored,
  runtime: ignored,
  input: ignored,
  output: ignored,
  batch_input: ignored,
  batch_output: ignored,
  optimization: ignored,
  instance_group: ignored,
  default_model_filename: ignored,
  cc_model_filenames: ignored,
  metric_tags: ignored,
  model_warmup: ignored,
  model_operations: ignored,
  model_transaction_policy: ignored,
})

type Config = z.output<typeof configSchema>

/**
 * The settings that a load's parameter `config` states, to win over those of `model.json`.
 * @throws {AppError} `invalid` naming the field.
 */
export function settingsFromConfig(text: string, modelName: string): Partial<ModelSettings> {
  const config = checked(configSchema, parseJson(text))
  if (config.name !== undefined && config.name !== '' && config.name !== modelName)
    throw invalid(`name: the model is '${modelName}'`)
  const stated = Object.entries(toSettings(config)).filter(([, value]) => value !== undefined)
  const settings = checked(modelSettingsSchema, Object.fromEntries(stated))
  return Object.fromEntries(stated.map(([name]) => [name, settings[name as keyof ModelSettings]]))
}

function toSettings(config: Config): Record<string, unknown> {
  const { max_batch_size: itemsMax, parameters, dynamic_batching: batching } = config
  return {
    platform: config.platform === '' ? undefined : config.platform,
    versionPolicy: config.version_policy && toVersionPolicy(config.version_policy),
    batching: itemsMax === 0 ? false : undefined,
    batchItemsMax: itemsMax === 0 ? undefined : itemsMax,
    responseCache: config.response_cache?.enable,
    threads: orNothing(Number(parameters?.intra_op_thread_count?.string_value ?? 0)),
    ...(batching === undefined ? {} : toBatching(batching)),
  }
}

function toBatching(batching: NonNullable<Config['dynamic_batching']>) {
  const { default_queue_policy: policy } = batching
  return {
    preferredBatchSizes: batching.preferred_batch_size,
    queueDelayUs: batching.max_queue_delay_microseconds,
    priorityLevels: batching.priority_levels,
    defaultPriority: orNothing(batching.default_priority_level),
    queueMax: orNothing(policy?.max_queue_size),
    queueTimeoutMs: orNothing(Math.ceil((policy?.default_timeout_microseconds ?? 0) / 1000)),
  }
}

function toVersionPolicy(policy: NonNullable<Config['version_policy']>) {
  if ('latest' in policy) return { latest: policy.latest.num_versions }
  return 'all' in policy ? 'all' : { specific: policy.specific.versions }
}

/** To Triton 0 is as good as unstated. */
function orNothing(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value
}

function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  throw invalid([...issue.path, issue.message].join(': '))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('not valid JSON')
  }
}

function invalid(why: string): AppError {
  return new AppError('invalid', `Invalid value for 'config': ${why}`, { field: 'config' })
}
