import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

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
const versionName = /^[1-9][0-9]{0,8}$/

/**
 * Every version of every model, by name and then by version, oldest first. Directories whose names are neither a
 * model's (letters, digits, `.`, `_`, `-`) nor a version's (a whole number) are passed over, and so are versions without
 * a `model.onnx`. No directory, no models.
 */
export async function listModels(directory: string): Promise<ModelFile[]> {
  const names = (await directoriesIn(directory)).filter((name) => modelName.test(name)).sort()
  const models = await Promise.all(names.map((name) => listVersions(directory, name)))
  return models.flat()
}

/** `listModels` with the digest of each file; reads every byte of every model once. */
export async function scanModels(directory: string): Promise<ModelDigest[]> {
  const digests: ModelDigest[] = []
  for (const { name, version, path, sizeBytes } of await listModels(directory))
    digests.push({ name, version, sizeBytes, sha256: await sha256Of(path) })
  return digests
}

async function listVersions(directory: string, name: string): Promise<ModelFile[]> {
  const home = join(directory, name)
  const versions = (await directoriesIn(home)).filter((version) => versionName.test(version))
  versions.sort((a, b) => Number(a) - Number(b))
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

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
