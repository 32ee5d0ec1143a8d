import {
  commitColumn,
  heldAppendColumn,
  httpColumn,
  inferenceStages,
  loadColumn,
  memoryColumn,
  modelColumn,
  processColumn,
  storeCheckColumn,
} from './block-kinds'
import { durationBuckets } from './buckets'
import { counter, type Family, gauge, modelLabels, ofModel, seconds, sizes } from './family'
import { tritonFamilies } from './triton-families'

const inferenceFamilies: readonly Family[] = [
  {
    ...ofModel,
    ...seconds,
    type: 'histogram',
    name: 'gristmill_inference_stage_seconds',
    help: 'Successful infer requests by stage; request is from the complete request to its answer.',
    columns: inferenceStages.map((stage, index) => ({
      labels: { stage },
      bucketsAt: modelColumn.stageBuckets + index * durationBuckets.count,
      sumAt: modelColumn.stageNs + index,
    })),
  },
  {
    ...ofModel,
    ...sizes,
    type: 'histogram',
    name: 'gristmill_inference_batch_items',
    help: 'Items of one run.',
    columns: [{ labels: {}, bucketsAt: modelColumn.batchBuckets, sumAt: modelColumn.ranItems }],
  },
  counter(
    'gristmill_model_loads_total',
    'Loads of a model by an engine.',
    { kind: 'load', labels: modelLabels },
    [
      { labels: { outcome: 'loaded' }, at: loadColumn.loaded },
      { labels: { outcome: 'failed' }, at: loadColumn.failed },
    ],
  ),
  counter(
    'gristmill_model_load_seconds_total',
    'Time that loads took.',
    { kind: 'load', labels: modelLabels, scale: 1e-9 },
    loadColumn.loadNs,
  ),
  counter(
    'gristmill_engine_deaths_total',
    'Engines that a model ended.',
    { kind: 'engine_death', labels: [...modelLabels, 'reason'] },
    0,
  ),
]

const ofHttp = { kind: 'http', labels: ['method', 'route', 'status'] } as const

const httpFamilies: readonly Family[] = [
  {
    ...ofHttp,
    ...seconds,
    type: 'histogram',
    name: 'http_request_duration_seconds',
    help: 'Requests of the workers; status is its class, or 499 when the client left.',
    columns: [{ labels: {}, bucketsAt: httpColumn.durationBuckets, sumAt: httpColumn.durationNs }],
  },
  counter(
    'gristmill_http_request_bytes_total',
    'Bytes of bodies received, uploads among them.',
    ofHttp,
    httpColumn.bytesIn,
  ),
  counter(
    'gristmill_http_response_bytes_total',
    'Bytes of bodies sent, downloads through nginx among them.',
    ofHttp,
    httpColumn.bytesOut,
  ),
  gauge(
    'gristmill_http_requests_in_flight',
    'Requests that a worker has in hand.',
    { kind: 'http_in_flight', labels: ['slot'] },
    0,
  ),
]

const writer = { kind: 'commit', labels: [] } as const

const databaseFamilies: readonly Family[] = [
  {
    ...writer,
    ...seconds,
    type: 'histogram',
    name: 'gristmill_database_commit_seconds',
    help: 'Group commits of the writer.',
    columns: [
      { labels: {}, bucketsAt: commitColumn.durationBuckets, sumAt: commitColumn.durationNs },
    ],
  },
  {
    ...writer,
    ...sizes,
    type: 'histogram',
    name: 'gristmill_database_commit_commands',
    help: 'Commands made durable by one commit.',
    columns: [{ labels: {}, bucketsAt: commitColumn.sizeBuckets, sumAt: commitColumn.commands }],
  },
  gauge(
    'gristmill_database_queue',
    'Commands that wait for the next commit.',
    { kind: 'commit_queue', labels: [] },
    0,
  ),
]

const ofHeldAppends = { kind: 'held_append', labels: [] } as const

const storeFamilies: readonly Family[] = [
  counter(
    'gristmill_held_appends_total',
    'Appends that were answered before they were durable: made durable, or lost because that was refused.',
    ofHeldAppends,
    [
      { labels: { outcome: 'flushed' }, at: heldAppendColumn.flushedPieces },
      { labels: { outcome: 'dropped' }, at: heldAppendColumn.droppedPieces },
    ],
  ),
  counter('gristmill_held_append_bytes_total', 'Their bytes.', ofHeldAppends, [
    { labels: { outcome: 'flushed' }, at: heldAppendColumn.flushedBytes },
    { labels: { outcome: 'dropped' }, at: heldAppendColumn.droppedBytes },
  ]),
  counter(
    'gristmill_held_append_flushes_total',
    'Durable appends that they became.',
    ofHeldAppends,
    heldAppendColumn.flushes,
  ),
  gauge(
    'gristmill_store_check',
    'What the last comparison of the contents on disk with the records found: blobs without a record, entries that are no blobs, records whose blob is missing or has another size.',
    { kind: 'store_check', labels: [] },
    [
      { labels: { found: 'orphan' }, at: storeCheckColumn.adopted },
      { labels: { found: 'foreign' }, at: storeCheckColumn.foreign },
      { labels: { found: 'damaged' }, at: storeCheckColumn.damaged },
    ],
  ),
]

const place = ['role', 'slot']
const ofProcess = { kind: 'process', labels: place } as const
const ofMemory = { kind: 'memory', labels: place } as const

const processFamilies: readonly Family[] = [
  counter(
    'gristmill_process_cpu_seconds_total',
    'Processor time.',
    { ...ofProcess, scale: 1e-6 },
    processColumn.cpuUs,
  ),
  counter(
    'gristmill_process_event_loop_active_seconds_total',
    'Time in which the event loop was busy.',
    { ...ofProcess, scale: 1e-6 },
    processColumn.loopActiveUs,
  ),
  gauge(
    'gristmill_process_resident_memory_bytes',
    'Memory in use, pages shared with others included.',
    ofMemory,
    memoryColumn.residentBytes,
  ),
  gauge(
    'gristmill_process_heap_bytes',
    "JavaScript's part of the memory.",
    ofMemory,
    memoryColumn.heapBytes,
  ),
  counter(
    'gristmill_process_deaths_total',
    'Processes that ended without having been asked to.',
    { kind: 'death', labels: ['role', 'reason'] },
    0,
  ),
  counter(
    'gristmill_metrics_dropped_total',
    'Reports for which metrics.blocksMax left no place.',
    { kind: 'dropped', labels: [] },
    0,
  ),
]

/** Everything that GET /metrics shows. */
export const families: readonly Family[] = [
  ...tritonFamilies,
  ...inferenceFamilies,
  ...httpFamilies,
  ...databaseFamilies,
  ...storeFamilies,
  ...processFamilies,
]
