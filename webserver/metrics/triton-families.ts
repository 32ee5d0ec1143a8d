import { failureReasons, inferenceStages, modelColumn } from './block-kinds'
import { counter, type Family, gauge, modelLabels, ofModel } from './family'

const us = { scale: 1e-3 }

/** Those of Triton, under its names, so that dashboards made for it show this service. */
export const tritonFamilies: readonly Family[] = [
  counter(
    'nv_inference_request_success',
    'Infer requests answered with their result.',
    ofModel,
    modelColumn.success,
  ),
  counter(
    'nv_inference_request_failure',
    'Infer requests that failed, by reason.',
    ofModel,
    failureReasons.map((reason, index) => ({
      labels: { reason },
      at: modelColumn.failure + index,
    })),
  ),
  counter(
    'nv_inference_count',
    'Items computed, cached ones excluded.',
    ofModel,
    modelColumn.items,
  ),
  counter('nv_inference_exec_count', 'Runs of the model.', ofModel, modelColumn.runs),
  ...inferenceStages.map((stage, index) =>
    counter(
      `nv_inference_${stage}_duration_us`,
      `Time of successful infer requests in the stage ${stage}.`,
      { ...ofModel, ...us },
      modelColumn.stageNs + index,
    ),
  ),
  counter(
    'nv_cache_num_hits_per_model',
    'Answers from the response cache.',
    ofModel,
    modelColumn.cacheHit,
  ),
  counter(
    'nv_cache_num_misses_per_model',
    'Requests that the response cache had no answer for.',
    ofModel,
    modelColumn.cacheMiss,
  ),
  counter(
    'nv_cache_hit_duration_per_model',
    'Time of lookups that found an answer, in µs.',
    { ...ofModel, ...us },
    modelColumn.cacheHitNs,
  ),
  counter(
    'nv_cache_miss_duration_per_model',
    'Time of lookups that found none, in µs.',
    { ...ofModel, ...us },
    modelColumn.cacheMissNs,
  ),
  gauge(
    'nv_inference_pending_request_count',
    'Infer requests that wait.',
    { kind: 'pending', labels: modelLabels },
    0,
  ),
]
