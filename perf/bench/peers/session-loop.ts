import { InferenceSession, Tensor } from 'onnxruntime-node'

/** One measurement: run the model over this batch for so long. */
export interface LoopOrder {
  file: string
  feeds: { name: string; shape: number[]; data: Float32Array | Int32Array }[]
  batch: number
  durationMs: number
}

export interface LoopResult {
  itemsPerS: number
}

const sessions = new Map<string, InferenceSession>()

async function sessionOf(file: string): Promise<InferenceSession> {
  const known = sessions.get(file)
  if (known !== undefined) return known
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 })
  sessions.set(file, session)
  return session
}

/** The inputs of one request, repeated along the first dimension. */
function batched({ feeds, batch }: LoopOrder): Record<string, Tensor> {
  return Object.fromEntries(
    feeds.map(({ name, shape, data }) => {
      const length = batch * data.length
      const all = data instanceof Float32Array ? new Float32Array(length) : new Int32Array(length)
      for (let item = 0; item < batch; item++) all.set(data, item * data.length)
      return [name, tensorOf(all, [batch, ...shape.slice(1)])] as const
    }),
  )
}

function tensorOf(data: Float32Array | Int32Array, dims: number[]): Tensor {
  return data instanceof Float32Array
    ? new Tensor('float32', data, dims)
    : new Tensor('int32', data, dims)
}

async function measure(order: LoopOrder): Promise<LoopResult> {
  const session = await sessionOf(order.file)
  const feeds = batched(order)
  await session.run(feeds)
  const startedAt = performance.now()
  let items = 0
  let elapsedMs = 0
  while (elapsedMs < order.durationMs) {
    await session.run(feeds)
    items += order.batch
    elapsedMs = performance.now() - startedAt
  }
  return { itemsPerS: (items / elapsedMs) * 1000 }
}

process.on('message', (order: LoopOrder) => {
  void measure(order).then((result) => process.send?.(result))
})
process.once('disconnect', () => process.exit(0))
process.send?.('ready')
