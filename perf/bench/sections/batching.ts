import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ModelSettingsInput } from '../../../webserver/model/model-settings'
import { directoryFor, type Bench } from '../bench'
import { inferenceCases, writeModels } from '../cases'
import { ForeignLoad } from '../foreign-load'
import { prepareCase, type Prepared } from '../prepare-case'
import { startService, type Service } from '../service'
import { runWrk, type Load } from '../wrk'
import { describeBatching, describeTuning } from './batching-report'

const models = ['mlp', 'cnn', 'ppocr-cls'] as const
const batchingClients = [1, 8, 32, 128] as const
const tuningClients = [32] as const
const batchingVariants = { on: {}, off: { batching: false } } satisfies Variants
const tuningVariants = {
  tuned: {},
  ...{ one: { batchItemsMax: 1 }, eight: { batchItemsMax: 8 }, most: { batchItemsMax: 32 } },
} satisfies Variants

/** What `model.json` says, by the variant's name. */
type Variants = Record<string, ModelSettingsInput>

/** All rounds of one model at one number of clients, by variant. */
export interface VariantCell {
  model: string
  clients: number
  loads: Record<string, Load[]>
}

/** What joining requests is worth: each model with and without it, in the same service. */
export async function batching(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const clients = bench.quick ? [32] : batchingClients
  const cells = await measureVariants(bench, 'batching', batchingVariants, clients)
  return describeBatching(bench, cells, foreign.share())
}

/** The measured batch size against fixed ones, each model four times in the same service. */
export async function tuning(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const cells = await measureVariants(bench, 'tuning', tuningVariants, tuningClients)
  return describeTuning(cells, foreign.share())
}

async function measureVariants(
  bench: Bench,
  section: string,
  variants: Variants,
  clientCounts: readonly number[],
): Promise<VariantCell[]> {
  const directory = directoryFor(bench, section)
  placeVariants(bench, section, variants)
  bench.say(`${section}: starting the service`)
  const service = await startService(bench.processes, directory, [
    ...['--models-directory', join(directory, 'models'), '--no-models-samples'],
  ])
  try {
    const prepared = await prepareVariants(bench, service, section, Object.keys(variants))
    const cells = modelsOf(bench, section).flatMap((model) =>
      clientCounts.map((clients): VariantCell => ({ model, clients, loads: {} })),
    )
    for (let round = 1; round <= bench.rounds; round++)
      for (const cell of cells)
        for (const variant of Object.keys(variants))
          await measure(bench, service, cell, { variant, ...prepared.get(variant + cell.model)! })
    return cells
  } finally {
    await service.stop()
  }
}

function nameOf(model: string, variant: string): string {
  return `${model}-${variant}`
}

function modelsOf({ quick }: Bench, section: string): readonly string[] {
  return quick ? models.slice(0, section === 'tuning' ? 1 : 2) : models
}

/** Writes below `models/` of the section's directory. */
function placeVariants(bench: Bench, section: string, variants: Variants): void {
  const directory = directoryFor(bench, section)
  const files = writeModels(join(directory, 'originals'))
  for (const model of modelsOf(bench, section))
    for (const [variant, settings] of Object.entries(variants)) {
      const file = join(directory, 'models', nameOf(model, variant), '1', 'model.onnx')
      mkdirSync(dirname(file), { recursive: true })
      copyFileSync(files[model]!, file)
      writeFileSync(join(dirname(file), 'model.json'), JSON.stringify(settings))
    }
}

/** Every variant of every model, asked and warmed up, by variant and model. */
async function prepareVariants(
  bench: Bench,
  service: Service,
  section: string,
  variants: readonly string[],
): Promise<Map<string, Prepared>> {
  const prepared = new Map<string, Prepared>()
  const measured = modelsOf(bench, section)
  for (const sample of inferenceCases().filter(({ model }) => measured.includes(model)))
    for (const variant of variants) {
      const renamed = { ...sample, model: nameOf(sample.model, variant) }
      const ready = await prepareCase(service, directoryFor(bench, section), renamed, '')
      const url = new URL(ready.path, service.url).href
      if (!bench.quick)
        await runWrk(bench.processes, { url, script: ready.script, clients: 32, seconds: 1 })
      prepared.set(variant + sample.model, ready)
    }
  return prepared
}

async function measure(
  bench: Bench,
  service: Service,
  cell: VariantCell,
  { variant, path, script }: Pick<Prepared, 'path' | 'script'> & { variant: string },
): Promise<void> {
  const { model, clients, loads } = cell
  const url = new URL(path, service.url).href
  await bench.processes.settle()
  const load = await runWrk(bench.processes, { url, script, clients, seconds: bench.seconds })
  loads[variant] = [...(loads[variant] ?? []), load]
  bench.say(`  ${model} ${clients} clients, ${variant}: ${load.requestsPerS.toFixed(0)}/s`)
}
