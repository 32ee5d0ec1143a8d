import { exampleFeeds, itemBytesOf, type ItemShapes, itemShapesOf } from '../engine/example-inputs'
import { isOutOfMemory } from '../engine/infer-error'
import type { Runtime, Session, TensorsByName } from '../engine/ort-runtime'
import { describeTensors, isJoinable, tensorsOf } from '../engine/served-model'
import type { CheckedModel, PlannedModel, TuningTable } from '../model-plan'
import { refusalOf } from '../onnx/scan-onnx'
import { measure } from './measure'

/** A model that has loaded, and what is needed to run it on synthetic input. */
export interface OpenedModel {
  checked: CheckedModel
  session: Session
  /** Null when the sizes of a run are not known. */
  shapes: ItemShapes | null
  joinable: boolean
}

// Weights as the file has them, and those of them that are kept once more in the order in which they are read.
const memoryPerFileByte = 1.5

/**
 * Looks through the file, loads it as an engine does and runs it once, where the sizes of its inputs are known.
 * @throws {Error} why no engine may load it.
 */
export async function openModel(model: PlannedModel, runtime: Runtime): Promise<OpenedModel> {
  const refusal = refusalOf(model.path)
  if (refusal !== null) throw new Error(refusal)
  const before = process.memoryUsage.rss()
  const session = await runtime.createSession(model.path, model.settings.threads)
  const tensors = tensorsOf(session)
  const joinable = isJoinable(model.settings, tensors)
  const inputs = describeTensors(tensors.inputs)
  const shapes = itemShapesOf({ inputs, joinable }, model.settings.exampleShapes)
  if (shapes !== null)
    await tryRun(session, exampleFeeds(shapes, feedOptions(1, joinable, runtime)))
  const grownBytes = process.memoryUsage.rss() - before
  const memoryBytes = Math.max(grownBytes, Math.ceil(model.sizeBytes * memoryPerFileByte))
  return { checked: { ...tensors, memoryBytes }, session, shapes, joinable }
}

/** That a model does not like synthetic input says nothing; that it has no room for one item does. */
async function tryRun(session: Session, feeds: TensorsByName) {
  try {
    await session.run(feeds)
  } catch (error) {
    if (isOutOfMemory(error))
      throw new Error('a run of one item asks for more memory than an engine may have', {
        cause: error,
      })
  }
}

export interface MeasureLimits {
  batchItemsMax: number
  bodyBytesMax: number
  tuningMs: number
}

/** Times the runs of a model that joins requests; nothing of one whose sizes are not known or whose rows are no items. */
export async function measureModel(
  { session, shapes, joinable }: OpenedModel,
  runtime: Runtime,
  { batchItemsMax, bodyBytesMax, tuningMs }: MeasureLimits,
): Promise<TuningTable['rows']> {
  if (shapes === null || !joinable || tuningMs === 0) return []
  const itemsThatFit = Math.floor(bodyBytesMax / Math.max(itemBytesOf(shapes), 1))
  const run = async (items: number) => {
    const feeds = exampleFeeds(shapes, feedOptions(items, joinable, runtime))
    const startedAtMs = performance.now()
    const results = await session.run(feeds)
    const tookMs = performance.now() - startedAtMs
    requireRows(results, items)
    return tookMs
  }
  return measure({ itemsMax: Math.min(batchItemsMax, itemsThatFit), budgetMs: tuningMs, run })
}

function feedOptions(items: number, joinable: boolean, { Tensor }: Runtime) {
  return { items, joinable, Tensor }
}

function requireRows(results: TensorsByName, items: number): void {
  for (const { dims } of Object.values(results))
    if (dims[0] !== items) throw new Error(`a run of ${items} items answered ${dims[0]} rows`)
}
