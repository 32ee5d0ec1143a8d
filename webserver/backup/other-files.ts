import { existsSync, readdirSync, realpathSync, statSync, type Dirent } from 'node:fs'
import { join, relative } from 'node:path'
import type { Paths } from '../config/paths'

/** A file of the service beside its database and contents. */
export interface FoundFile {
  /** Where a restore puts it, below the data directory. */
  path: string
  from: string
}

/**
 * All files at the top of the data directory, so that a key that a later version keeps there is not forgotten, but for
 * what belongs to the process that runs; and the models, wherever they are.
 */
export function findOtherFiles(paths: Paths, { models }: { models: boolean }): FoundFile[] {
  const ofTheProcess = new Set([paths.owner, paths.lock, paths.firstAccountToken])
  const atTheTop = readdirSync(paths.data, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(paths.data, name))
    .filter((from) => ![...ofTheProcess].some((path) => from.startsWith(path)))
    .map((from) => ({ path: relative(paths.data, from), from }))
  return models ? [...atTheTop, ...modelFiles(paths.models)] : atTheTop
}

function modelFiles(directory: string): FoundFile[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(isRegular)
    .map((entry) => {
      const from = join(entry.parentPath, entry.name)
      return { path: join('models', relative(directory, from)), from: realpathSync(from) }
    })
}

/** Also where a link leads to a file. */
function isRegular(entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile()
  const path = join(entry.parentPath, entry.name)
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
