import { isUtf8 } from 'node:buffer'
import { join } from 'node:path'
import type { ModelSettings } from '../model-settings'
import { NotAFileError, openRegularFile } from '../regular-file'
import type { ModelFile } from '../repository'
import { limits } from './limits'
import type { TensorSpec } from './served-model'

/**
 * The names of the classes of each output, by the output's index; none where `model.json` names no file.
 * @throws {Error} with the reason when a file is missing, too large or not UTF-8, or its output does not exist.
 */
export async function readLabels(
  { directory, version }: Pick<ModelFile, 'directory' | 'version'>,
  { labels }: Pick<ModelSettings, 'labels'>,
  outputs: readonly TensorSpec[],
): Promise<readonly (readonly string[])[]> {
  if (labels === undefined) return outputs.map(() => [])
  const fileOf =
    typeof labels === 'string' ? forAll(labels, outputs) : new Map(Object.entries(labels))
  requireKnown([...fileOf.keys()], outputs)
  const lists = new Map<string, readonly string[]>()
  for (const file of new Set(fileOf.values()))
    lists.set(file, await readLines([join(directory, version, file), join(directory, file)], file))
  return outputs.map(({ name }) => lists.get(fileOf.get(name) ?? '') ?? [])
}

function forAll(file: string, outputs: readonly TensorSpec[]): ReadonlyMap<string, string> {
  return new Map(outputs.map(({ name }) => [name, file]))
}

function requireKnown(names: readonly string[], outputs: readonly TensorSpec[]): void {
  const unknown = names.find((name) => outputs.every((output) => output.name !== name))
  if (unknown !== undefined) throw new Error(`labels: the model has no output '${unknown}'`)
}

/** The first of the places that is there: the version's own file wins over the one beside the versions. */
async function readLines(places: readonly string[], file: string): Promise<readonly string[]> {
  for (const place of places) {
    const bytes = await readIfThere(place, file)
    if (bytes !== null) return linesOf(bytes, file)
  }
  throw new Error(`labels: there is no file '${file}' beside the model`)
}

async function readIfThere(path: string, file: string): Promise<Buffer | null> {
  const handle = await openRegularFile(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    const what = error instanceof NotAFileError ? 'is not a file' : 'cannot be read'
    throw new Error(`labels: '${file}' ${what}`, { cause: error })
  })
  if (handle === null) return null
  try {
    const { size } = await handle.stat()
    if (size > limits.labelFileBytes)
      throw new Error(`labels: '${file}' is larger than ${limits.labelFileBytes} bytes`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

function linesOf(bytes: Buffer, file: string): readonly string[] {
  if (!isUtf8(bytes)) throw new Error(`labels: '${file}' is not UTF-8`)
  return bytes
    .toString('utf8')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
}
