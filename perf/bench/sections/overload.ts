import type { Bench } from '../bench'
import { ForeignLoad } from '../foreign-load'
import { requestBytes } from '../load/load'
import { encodeInferRequest, type Tensor } from '../../../webserver/demo/tensors'
import { measureCapacity, startStage, type Stage } from '../stage'
import { deadlineMs, describeOverload, type OverloadCell } from './overload-report'

// Computing dominates: what turning requests away costs nginx and the engines must not be what is measured.
const models = ['ppocr-cls', 'ppocr-rec'] as const
const factor = 3
const connectionsMax = 1024

/** What is left of a server when three times as much is asked of it as it can do. */
export async function overload(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const measured = bench.quick ? models.slice(0, 1) : models
  const stage = await startStage(bench, 'overload', measured)
  try {
    const cells = stage.prepared.flatMap(({ sample }) =>
      Object.keys(stage.urls).map((target): OverloadCell => {
        return { model: sample.model, target, capacities: [], rounds: [] }
      }),
    )
    // A run in overload is long, and steadier than a short one.
    for (let round = 1; round <= Math.ceil(bench.rounds / 2); round++)
      for (const cell of cells) await measure(bench, stage, cell, round)
    return describeOverload(bench, cells, foreign.share())
  } finally {
    await stage.stop()
  }
}

async function measure(
  bench: Bench,
  stage: Stage,
  cell: OverloadCell,
  seed: number,
): Promise<void> {
  const { sample, path } = stage.prepared.find(({ sample }) => sample.model === cell.model)!
  const request = withDeadline(path, sample.inputs, stage.service.client.authorization)
  const { target } = cell
  const durationMs = 1500 * bench.seconds
  const capacity = await measureCapacity(bench, stage, { target, request, durationMs })
  await bench.processes.settle()
  const result = await stage.generate(target, {
    ...{ requests: [request], deadlineMs, connectionsMax },
    arrivals: { kind: 'poisson', perS: factor * capacity, seed },
    durationMs: (bench.quick ? 2000 : 4000) * bench.seconds,
  })
  cell.capacities.push(capacity)
  cell.rounds.push(result)
  const { offered, good, late, shed, failed, failures, unanswered } = result
  bench.say(
    `  ${cell.model} ${target}: capacity ${capacity.toFixed(0)}/s; of ${offered} good ${good}, late ${late}, ` +
      `turned away ${shed}, failed ${failed} ${JSON.stringify(failures)}, unanswered ${unanswered}`,
  )
}

/** The request with the client's own deadline in it, as the protocol's `timeout` says it (µs). */
function withDeadline(path: string, inputs: readonly Tensor[], authorization: string): Buffer {
  const { body, headerBytes } = encodeInferRequest(inputs, { timeout: deadlineMs * 1000 })
  const headers = { authorization, 'inference-header-content-length': String(headerBytes) }
  return requestBytes({ method: 'POST', path, headers, body })
}
