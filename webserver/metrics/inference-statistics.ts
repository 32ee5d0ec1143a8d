import type { CountedBlock } from '../domain/counted'
import { batchColumn, inferenceStages, modelColumn } from './block-kinds'

interface Duration {
  count: number
  ns: number
}

/** One model version in the answer of the statistics extension (Triton, `extension_statistics.md`). */
export interface ModelStats {
  name: string
  version: string
  /** ms since 1970; 0 when it never ran. */
  last_inference: number
  inference_count: number
  execution_count: number
  inference_stats: Readonly<
    Record<
      | 'success'
      | 'fail'
      | 'queue'
      | 'compute_input'
      | 'compute_infer'
      | 'compute_output'
      | 'cache_hit'
      | 'cache_miss',
      Duration
    >
  >
  /** Of models that answer one request several times, which there are none of. */
  response_stats: Readonly<Record<string, never>>
  batch_stats: readonly ({ batch_size: number } & Readonly<
    Record<'compute_input' | 'compute_infer' | 'compute_output', Duration>
  >)[]
  memory_usage: readonly never[]
}

/** What all engines, those of the past included, have counted of each model version that is asked for. */
export function statisticsOf(
  models: readonly { name: string; version: string }[],
  blocks: readonly CountedBlock[],
): ModelStats[] {
  return models.map(({ name, version }) => {
    const own = blocks.filter(([, labels]) => labels[0] === name && labels[1] === version)
    const values = valuesOf(own, 'model')
    return {
      name,
      version,
      last_inference: valuesOf(own, 'last_inference')[0] ?? 0,
      inference_count: values[modelColumn.items] ?? 0,
      execution_count: values[modelColumn.runs] ?? 0,
      inference_stats: inferenceStatsOf(values),
      response_stats: {},
      batch_stats: batchStatsOf(own),
      memory_usage: [],
    }
  })
}

function valuesOf(blocks: readonly CountedBlock[], wanted: string): readonly number[] {
  return blocks.find(([kind]) => kind === wanted)?.[2] ?? []
}

/** Answers from the response cache count as successes, and as having queued, but nothing was computed for them. */
function inferenceStatsOf(values: readonly number[]): ModelStats['inference_stats'] {
  const at = (column: number) => values[column] ?? 0
  const stage = (name: (typeof inferenceStages)[number], count: number): Duration => ({
    count,
    ns: at(modelColumn.stageNs + inferenceStages.indexOf(name)),
  })
  const success = at(modelColumn.success)
  const computed = success - at(modelColumn.cacheHit)
  const failures = values.slice(modelColumn.failure, modelColumn.failureNs)
  return {
    success: stage('request', success),
    fail: { count: sum(failures), ns: at(modelColumn.failureNs) },
    queue: stage('queue', success),
    compute_input: stage('compute_input', computed),
    compute_infer: stage('compute_infer', computed),
    compute_output: stage('compute_output', computed),
    cache_hit: { count: at(modelColumn.cacheHit), ns: at(modelColumn.cacheHitNs) },
    cache_miss: { count: at(modelColumn.cacheMiss), ns: at(modelColumn.cacheMissNs) },
  }
}

function batchStatsOf(blocks: readonly CountedBlock[]): ModelStats['batch_stats'] {
  return blocks
    .filter(([kind]) => kind === 'batch')
    .map(([, labels, values]) => {
      const duration = (column: number) => ({
        count: values[batchColumn.runs]!,
        ns: values[column]!,
      })
      return {
        batch_size: Number(labels[2]),
        compute_input: duration(batchColumn.computeInputNs),
        compute_infer: duration(batchColumn.computeInferNs),
        compute_output: duration(batchColumn.computeOutputNs),
      }
    })
    .sort((a, b) => a.batch_size - b.batch_size)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
