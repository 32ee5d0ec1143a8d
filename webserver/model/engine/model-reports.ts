import type { ModelReport, TensorFacts } from '../../domain/model-report'
import type { LoadedModel } from './load-models'
import type { ServedModel, TensorSpec } from './served-model'

/** What the engine tells the primary about each version, loaded or not. */
export function reportsOf(loaded: readonly LoadedModel[]): ModelReport[] {
  return loaded.map((item) => {
    const { name, version } = item.file
    if ('reason' in item)
      return { name, version, state: 'UNAVAILABLE', reason: item.reason, served: null }
    return { name, version, state: 'READY', reason: '', served: factsOf(item.model) }
  })
}

function factsOf({ inputs, outputs, joinable, batchItemsMax }: ServedModel) {
  return {
    inputs: inputs.map(tensorFacts),
    outputs: outputs.map(tensorFacts),
    batchItemsMax: joinable ? batchItemsMax : 0,
  }
}

function tensorFacts({ name, datatype, dims }: TensorSpec): TensorFacts {
  return { name, datatype: datatype.name, shape: dims }
}
