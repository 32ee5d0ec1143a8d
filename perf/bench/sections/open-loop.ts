import type { Bench } from '../bench'
import { ForeignLoad } from '../foreign-load'
import type { LoadResult } from '../load/load'
import type { Prepared } from '../prepare-case'
import { measureCapacity, startStage, type Stage } from '../stage'
import { describeOpenLoop, type OpenLoopCell } from './open-loop-report'

const models = ['mlp', 'cnn'] as const
const loads = [0.5, 0.8, 0.95] as const
// Far above what any answer should take: here nothing is to be turned away, everything is to be waited for.
const deadlineMs = 10_000
const connectionsMax = 1024

/** Latency from the intended time of sending, of requests that arrive at random at a share of the service's capacity. */
export async function openLoop(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const stage = await startStage(bench, 'open-loop', bench.quick ? ['mlp'] : models)
  try {
    const cells: OpenLoopCell[] = []
    for (const prepared of stage.prepared)
      cells.push(...(await measureModel(bench, stage, prepared)))
    return describeOpenLoop(bench, cells, foreign.share())
  } finally {
    await stage.stop()
  }
}

async function measureModel(
  bench: Bench,
  stage: Stage,
  { sample, request }: Prepared,
): Promise<OpenLoopCell[]> {
  const targets = Object.keys(stage.urls)
  for (const target of targets)
    await measureCapacity(bench, stage, { target, request, durationMs: 1000 })
  const durationMs = 2000 * bench.seconds
  const capacity = await measureCapacity(bench, stage, { target: 'service', request, durationMs })
  bench.say(`open-loop: ${sample.model}, capacity ${capacity.toFixed(0)}/s`)
  const cells = (bench.quick ? [0.8] : loads).flatMap((load) =>
    targets.map((target): OpenLoopCell => {
      return { model: sample.model, capacity, load, target, rounds: [] }
    }),
  )
  for (let round = 1; round <= bench.rounds; round++)
    for (const cell of cells) {
      await bench.processes.settle()
      const result = await stage.generate(cell.target, {
        ...{ requests: [request], deadlineMs, connectionsMax },
        // All targets get the same arrivals.
        arrivals: { kind: 'poisson', perS: cell.load * capacity, seed: round },
        durationMs: (bench.quick ? 2000 : 3000) * bench.seconds,
      })
      cell.rounds.push(result)
      bench.say(lineOf(cell, result))
    }
  return cells
}

function lineOf({ target, load }: OpenLoopCell, { offered, good, cpuShare }: LoadResult): string {
  return (
    `  ${100 * load} % ${target}: ${good} of ${offered} answered, ` +
    `generator at ${(100 * cpuShare).toFixed(0)} % of a core`
  )
}
