import type { ServedFacts, TensorFacts } from '../domain/model-report'
import type { PlannedModel } from './model-plan'
import type { VersionPolicy } from './version-policy'

export interface ConfigParts {
  model: PlannedModel
  served: ServedFacts
  /** Engines that serve it. */
  instances: number
  threads: number
  versionPolicy: VersionPolicy
}

/** Triton's ModelConfig as its HTTP server prints it (model configuration extension); sizes as numbers. */
export function modelConfigOf(parts: ConfigParts): Record<string, unknown> {
  const { model, served, instances } = parts
  const { settings, name } = model
  const itemsMax = served.batchItemsMax
  const noList = { batch_input: [], batch_output: [], model_warmup: [] }
  return {
    name,
    platform: settings.platform,
    backend: 'onnxruntime',
    version_policy: tritonPolicy(parts.versionPolicy),
    max_batch_size: itemsMax,
    input: served.inputs.map((tensor) => ({
      ...tensorConfig(tensor, itemsMax > 0),
      ...{ format: 'FORMAT_NONE', allow_ragged_batch: false, optional: false },
    })),
    output: served.outputs.map((tensor) => ({
      ...tensorConfig(tensor, itemsMax > 0),
      label_filename: labelsOf(model, tensor),
    })),
    ...noList,
    ...(itemsMax > 0 ? { dynamic_batching: dynamicBatching(model) } : {}),
    instance_group: [{ name: `${name}_0`, kind: 'KIND_CPU', count: instances, gpus: [] }],
    default_model_filename: 'model.onnx',
    response_cache: { enable: settings.responseCache },
    parameters: parametersOf(parts),
  }
}

/** Without the dimension of the batch, where there is one. */
function tensorConfig({ name, datatype, shape }: TensorFacts, batched: boolean) {
  return {
    name,
    data_type: `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`,
    dims: batched ? shape.slice(1) : shape,
    is_shape_tensor: false,
  }
}

function labelsOf({ settings: { labels } }: PlannedModel, { name }: TensorFacts): string {
  return typeof labels === 'string' ? labels : (labels?.[name] ?? '')
}

function dynamicBatching({ settings }: PlannedModel) {
  return {
    preferred_batch_size: settings.preferredBatchSizes,
    max_queue_delay_microseconds: settings.queueDelayUs,
    preserve_ordering: false,
    priority_levels: settings.priorityLevels,
    default_priority_level: settings.defaultPriority ?? 0,
    default_queue_policy: {
      timeout_action: 'REJECT',
      default_timeout_microseconds: (settings.queueTimeoutMs ?? 0) * 1000,
      allow_timeout_override: true,
      max_queue_size: settings.queueMax ?? 0,
    },
  }
}

/** What was measured is no field of Triton's, so that it goes where a parser of its messages lets it stand. */
function parametersOf({ model, threads }: ConfigParts) {
  const { tuning } = model
  return {
    intra_op_thread_count: { string_value: String(threads) },
    ...(tuning === null ? {} : { tuning: { string_value: JSON.stringify(tuning) } }),
  }
}

function tritonPolicy(policy: VersionPolicy): Record<string, unknown> {
  if (policy === 'all') return { all: {} }
  if ('latest' in policy) return { latest: { num_versions: policy.latest } }
  return { specific: { versions: policy.specific } }
}
