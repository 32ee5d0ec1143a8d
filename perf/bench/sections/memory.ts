import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { directoryFor, type Bench } from '../bench'
import { matMulChainModel } from '../models'
import { memoryOf, type Memory } from '../process-table'
import { conditions } from '../results'
import { startService } from '../service'
import { table } from '../statistics'

const workerCounts = [1, 2, 4] as const
const width = 2048
const warmRuns = 20
const roles = ['primary', 'worker', 'writer', 'engine', 'nginx'] as const

interface Measured {
  workers: number
  memory: Map<string, Memory & { count: number }>
}

/** Memory with more and more workers, for one model of about 100 MB that engines alone hold. */
export async function memory(bench: Bench): Promise<string> {
  const models = join(directoryFor(bench, 'memory'), 'models')
  const version = join(models, 'large', '1')
  mkdirSync(version, { recursive: true })
  writeFileSync(join(version, 'model.onnx'), matMulChainModel(6, width))
  const measured: Measured[] = []
  for (const workers of bench.quick ? [1, 4] : workerCounts) {
    bench.say(`memory: ${workers} workers`)
    measured.push(await measure(bench, models, workers))
  }
  return describe(measured)
}

async function measure(bench: Bench, models: string, workers: number): Promise<Measured> {
  const service = await startService(
    bench.processes,
    directoryFor(bench, `memory/workers-${workers}`),
    [
      ...['--models-directory', models, '--no-models-samples'],
      ...['--cluster-workers', String(workers)],
    ],
  )
  try {
    const input = { name: 'x', shape: [1, width], data: new Float32Array(width).fill(0.5) }
    // Several at once reach every engine, and every worker answers something.
    for (let run = 0; run < warmRuns; run++)
      await Promise.all(Array.from({ length: 4 }, () => service.client.infer('large', [input])))
    await Promise.all(Array.from({ length: 16 }, () => fetch(new URL('/readyz', service.url))))
    return { workers, memory: sumByRole(service.processes()) }
  } finally {
    await service.stop()
  }
}

function sumByRole(processes: readonly { role: string; pid: number }[]): Measured['memory'] {
  const sums: Measured['memory'] = new Map()
  for (const { role, pid } of processes) {
    const { rssMib, pssMib } = memoryOf(pid)
    const sum = sums.get(role) ?? { rssMib: 0, pssMib: 0, count: 0 }
    sums.set(role, {
      rssMib: sum.rssMib + rssMib,
      pssMib: sum.pssMib + pssMib,
      count: sum.count + 1,
    })
  }
  return sums
}

function describe(measured: readonly Measured[]): string {
  const rows = measured.map(({ workers, memory: byRole }) => {
    const all = [...byRole.values()]
    const total = (of: 'rssMib' | 'pssMib') => all.reduce((sum, each) => sum + each[of], 0)
    const worker = byRole.get('worker')!
    return [
      String(workers),
      total('rssMib').toFixed(0),
      total('pssMib').toFixed(0),
      ...roles.map((role) => {
        const { pssMib = 0, count = 0 } = byRole.get(role) ?? {}
        return `${pssMib.toFixed(0)} (${count})`
      }),
      (total('pssMib') - worker.pssMib).toFixed(0),
    ]
  })
  const extra = growthPerWorker(measured)
  return `## Memory with more workers

${conditions()}.

One model of 100 MB (six products of 2048 × 2048), after ${4 * warmRuns} inferences, in MiB: RSS counts shared pages in every
process, PSS by their share. By role: the sum of PSS and the number of processes. Each worker more costs ${extra.toFixed(0)} MiB of PSS; the last
column is what must not grow with them.

${table(['workers', 'RSS', '**PSS**', ...roles, 'PSS without the workers'], rows)}
`
}

/** MiB of PSS that each worker beyond the first added. */
function growthPerWorker(measured: readonly Measured[]): number {
  const pssOf = ({ memory: byRole }: Measured) =>
    [...byRole.values()].reduce((sum, { pssMib }) => sum + pssMib, 0)
  const [first, last] = [measured[0]!, measured.at(-1)!]
  return (pssOf(last) - pssOf(first)) / (last.workers - first.workers)
}
