/** One input or output; −1 is a variable dimension. Of datatypes the protocol's names (`FP32`). */
export interface TensorFacts {
  name: string
  datatype: string
  shape: readonly number[]
}

/** What only who has loaded a model knows of it. */
export interface ServedFacts {
  inputs: readonly TensorFacts[]
  outputs: readonly TensorFacts[]
  /** Most items joined into one run; 0 when requests are not joined. */
  batchItemsMax: number
}

/** A model version as one engine has it. */
export interface ModelReport {
  name: string
  version: string
  state: 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING'
  /** Why it is not ready; empty when it is. */
  reason: string
  /** Null while it is not loaded. */
  served: ServedFacts | null
}
