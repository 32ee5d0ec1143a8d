import { accessSync, constants, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Paths } from '../config/paths'
import type { Config } from '../config/schema'
import { accessLogIn, renderIncludes, unspeakablePath, type RenderContext } from './render'

export interface NginxFiles {
  /** nginx's prefix: everything relative in nginx.conf lies below it. */
  prefix: string
  configuration: string
  pidFile: string
  /** Null when nginx writes none. */
  accessLog: { path: string; bytesMax: number } | null
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
  for (const [name, text] of Object.entries(renderIncludes(context)))
    writeFileSync(join(prefix, name), text, { mode: 0o600 })
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
    remove: () => rmSync(authorizeCache, { recursive: true, force: true }),
  }
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
