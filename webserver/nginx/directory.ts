import { accessSync, constants, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Paths } from '../config/paths'
import type { ModelPins } from '../domain/model-pins'
import type { Config } from '../config/schema'
import {
  accessLogIn,
  renderIncludes,
  renderPins,
  unspeakablePath,
  type RenderContext,
} from './render'

export interface NginxFiles {
  /** nginx's prefix: everything relative in nginx.conf lies below it. */
  prefix: string
  configuration: string
  pidFile: string
  /** Null when nginx writes none. */
  accessLog: { path: string; bytesMax: number } | null
  /** Writes where models are found. @returns whether that is another place than before, so that nginx must read it. */
  setPins(pins: ModelPins): boolean
  /** Deletes what lies outside the run directory. */
  remove(): void
}

export interface NginxFilesOptions {
  config: Config
  paths: Paths
  perfDirectory: string | null
}

// Compiled to dist/webserver/nginx/, three levels below the top.
const topLevelFile = resolve(__dirname, '../../../nginx.conf')
const memoryDirectory = '/dev/shm'

/**
 * Writes the directory that nginx runs in: a link to the top-level nginx.conf, the includes beside it, a link to the blobs.
 * @throws {Error} naming a path that nginx's configuration cannot express.
 */
export function writeNginxFiles({ config, paths, perfDirectory }: NginxFilesOptions): NginxFiles {
  const prefix = join(paths.run, 'nginx')
  const authorizeCache = authorizeCacheOf(paths)
  const asRoot = process.getuid?.() === 0
  const context: RenderContext = { config, paths, perfDirectory, authorizeCache, asRoot }
  const unspeakable = unspeakablePath(context)
  if (unspeakable !== null)
    throw new Error(`nginx cannot be told a path with quotes, "$", ";" or braces: ${unspeakable}`)
  mkdirSync(prefix, { recursive: true, mode: 0o700 })
  rmSync(authorizeCache, { recursive: true, force: true })
  mkdirSync(authorizeCache, { mode: 0o700 })
  writeFiles(prefix, renderIncludes(context))
  let written = ''
  const setPins = (pins: ModelPins) => {
    const files = renderPins(context, pins)
    const isNew = written !== (written = JSON.stringify(files))
    if (isNew) writeFiles(prefix, files)
    return isNew
  }
  const configuration = join(prefix, 'nginx.conf')
  symlinkSync(topLevelFile, configuration)
  symlinkSync(paths.blobs, join(prefix, 'blobs'))
  return {
    prefix,
    configuration,
    pidFile: join(prefix, 'nginx.pid'),
    accessLog:
      perfDirectory === null
        ? null
        : { path: accessLogIn(perfDirectory), bytesMax: config.perf.bytesPerProcessMax },
    setPins,
    remove: () => rmSync(authorizeCache, { recursive: true, force: true }),
  }
}

function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(directory, name), text, { mode: 0o600 })
}

/** The cache's files hold whole tokens as keys. Where the system has a directory in memory they never reach a disk. */
export function authorizeCacheOf({ run }: Pick<Paths, 'run'>): string {
  try {
    accessSync(memoryDirectory, constants.W_OK | constants.X_OK)
  } catch {
    return join(run, 'authorize-cache')
  }
  const digest = createHash('sha256').update(run).digest('hex').slice(0, 16)
  return join(memoryDirectory, `gristmill-${process.getuid?.() ?? 0}-${digest}`)
}
