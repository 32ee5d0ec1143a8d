import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
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
      const found = await statIfThere(path)
      return found === null ? null : { name, version, directory: home, path, ...sizeAndTime(found) }
    }),
  )
  return files.filter((file) => file !== null)
}

function sizeAndTime(found: Stats) {
  return { sizeBytes: found.size, modifiedAtMs: Math.trunc(found.mtimeMs) }
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

async function statIfThere(path: string): Promise<Stats | null> {
  try {
    return await stat(path)
  } catch (error) {
    if (isAbsence(error)) return null
    throw error
  }
}

function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Reads every byte of the file. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
