import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { openRegularFile } from './regular-file'
import { compareVersions } from './version-policy'

/** One version of one model on disk: `<directory>/<name>/<version>/model.onnx`. */
export interface ModelFile {
  name: string
  version: string
  /** `<directory>/<name>`, where the version's directory is. */
  directory: string
  path: string
  sizeBytes: number
  modifiedAtMs: number
}

/** A model as the run's manifest lists it. */
export interface ModelDigest {
  name: string
  version: string
  sizeBytes: number
  sha256: string
}

const modelName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const versionName = /^(?:[1-9][0-9]{0,8}|[A-Za-z][A-Za-z0-9._-]{0,63})$/

export function isModelName(text: string): boolean {
  return modelName.test(text)
}

/** Whole numbers, and words that begin with a letter. */
export function isVersionName(text: string): boolean {
  return versionName.test(text)
}

/** Directories whose names can be a model's (letters, digits, `.`, `_`, `-`), in order. No directory, no models. */
export async function listModelNames(directory: string): Promise<string[]> {
  return (await directoriesIn(directory)).filter((name) => modelName.test(name)).sort()
}

/**
 * The versions of one model, lowest first. Directories whose names are no version's (a whole number, or a word that
 * begins with a letter) are passed over, and so are versions without a `model.onnx`. No directory, no versions.
 */
export async function listVersions(directory: string, name: string): Promise<ModelFile[]> {
  if (!modelName.test(name)) return []
  const home = join(directory, name)
  const versions = (await directoriesIn(home)).filter((version) => versionName.test(version))
  versions.sort(compareVersions)
  const files = await Promise.all(
    versions.map(async (version) => {
      const path = join(home, version, 'model.onnx')
      const found = await sizeAndTime(path)
      return found === null ? null : { name, version, directory: home, path, ...found }
    }),
  )
  return files.filter((file) => file !== null)
}

/** Text that is another one when a model file or a `model.json` has come, gone or changed. */
export async function signatureOf(directory: string): Promise<string> {
  const parts: string[] = []
  for (const name of await listModelNames(directory)) {
    parts.push(name, await markOf(join(directory, name, 'model.json')))
    for (const { version, sizeBytes, modifiedAtMs } of await listVersions(directory, name))
      parts.push(
        `${version} ${sizeBytes} ${modifiedAtMs}`,
        await markOf(join(directory, name, version, 'model.json')),
      )
  }
  return parts.join('\n')
}

async function markOf(path: string): Promise<string> {
  const found = await sizeAndTime(path)
  return found === null ? '' : `${found.sizeBytes} ${found.modifiedAtMs}`
}

/** Null when there is nothing; zeros when nothing can be found out, which reading the file will say. */
async function sizeAndTime(path: string) {
  try {
    const { size, mtimeMs } = await stat(path)
    return { sizeBytes: size, modifiedAtMs: Math.trunc(mtimeMs) }
  } catch (error) {
    return isAbsence(error) ? null : { sizeBytes: 0, modifiedAtMs: 0 }
  }
}

async function directoriesIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => entry.name)
  } catch (error) {
    if (isAbsence(error)) return []
    throw error
  }
}

function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Reads every byte of the file. @throws {NotAFileError}, or what reading throws. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  const file = await openRegularFile(path)
  await pipeline(file.createReadStream({ highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
