import { parseArgs } from 'node:util'
import { runModel } from '../support/model/run-model'

const kinds = ['sqlite', 'debug'] as const

/** The model-based test at any size: `npm run test:model -- --operations 10000 --seed 7`. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      operations: { type: 'string', default: '10000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      database: { type: 'string', multiple: true, default: [...kinds] },
      workers: { type: 'string', default: '2' },
    },
  })
  const [operations, seed] = [Number(values.operations), Number(values.seed)]
  for (const database of kinds.filter((kind) => values.database.includes(kind))) {
    const workers = database === 'debug' ? 1 : Number(values.workers)
    const startedAt = performance.now()
    const onProgress = (done: number) => process.stdout.write(`  ${done} operations\n`)
    process.stdout.write(`${database}, ${workers} workers, seed ${seed}\n`)
    await runModel({ seed, operations, database, workers, onProgress })
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    process.stdout.write(`${database}: ${operations} operations as the model says, ${seconds} s\n`)
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
