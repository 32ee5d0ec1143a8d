import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Paths, SocketName } from '../config/paths'
import type { Config } from '../config/schema'
import type { ModelPins } from '../domain/model-pins'

export interface RenderContext {
  config: Config
  paths: Paths
  /** Directory of the run's perf log; null when that is off. */
  perfDirectory: string | null
  /** Where answers to "whose token is this?" are kept for a second. They hold tokens: memory rather than disk. */
  authorizeCache: string
  /** nginx started by root gives its processes away to another user, who could not read the data directory. */
  asRoot: boolean
}

/** The parts that the plan of the models decides (model/model-pinning.ts), by the names of their files. */
export function renderPins(
  { config, paths }: RenderContext,
  pins: ModelPins,
): Record<string, string> {
  const pinned = Object.entries(pins).map(([name, numbers]) => ({
    pattern: `~^/v2/models/${name.replaceAll('.', '\\.')}(?:/|$)`,
    engines: numbers.filter((number) => number <= config.cluster.engines),
  }))
  if (pinned.length === 0)
    return { 'pins.conf': '', 'infer-pass.conf': lines(['proxy_pass http://engines']) }
  const groups = new Map(pinned.map(({ engines }) => [groupOf(engines), engines]))
  const upstreams = [...groups].map(([group, engines]) =>
    upstream(
      group,
      engines.map((number) => paths.socket(`engine-${number}`)),
    ),
  )
  const rows = pinned.map(({ pattern, engines }) => `  "${pattern}" ${groupOf(engines)};\n`)
  const map = `map $uri $engines_of_model {\n  default engines;\n${rows.join('')}}\n`
  return {
    'pins.conf': upstreams.join('') + map,
    'infer-pass.conf': lines(['proxy_pass http://$engines_of_model']),
  }
}

function groupOf(engines: readonly number[]): string {
  return `engines_${engines.join('_')}`
}

/** The parts of nginx.conf that settings decide, by the names of their files. */
export function renderIncludes(context: RenderContext): Record<string, string> {
  const { config } = context
  return {
    'main.conf': mainOf(context),
    'http.conf': httpOf(context),
    'listen.conf': lines([
      `listen ${addressOf(config.http)} default_server`,
      // For a message of nginx, which looks at the length of a body before it comes to the location.
      `set $infer_body_bytes_max ${config.inference.bodyBytesMax}`,
    ]),
    'api-body.conf': lines([`client_max_body_size ${config.http.jsonBodyBytesMax}`]),
    'bulk-body.conf': lines([`client_max_body_size ${config.files.bulkBodyBytesMax}`]),
    // To nginx 0 means no limit; to the service it means that no upload is taken, which it says itself.
    'upload.conf': lines([
      `client_max_body_size ${config.files.uploadBytesMax}`,
      // The service ends a body that stands still itself, with a reason.
      `client_body_timeout ${milliseconds(config.http.bodyIdleTimeoutMs + 5000)}`,
      `proxy_read_timeout ${milliseconds(uploadCommitMs)}`,
    ]),
    'blobs.conf': lines([
      // As many as a worker lets through to it.
      `max_ranges ${config.files.rangesMax}`,
      ...(config.files.readThreads ? ['aio threads'] : []),
    ]),
    // The service answers a change of the models in its own time.
    'infer-control.conf': lines([`proxy_read_timeout ${milliseconds(changeMs(config))}`]),
    'infer-limits.conf': lines([
      `limit_conn infer ${config.inference.requestsInFlightMax}`,
      `limit_conn infer_token ${config.inference.requestsPerTokenMax}`,
    ]),
    'infer-body.conf': lines([`client_max_body_size ${config.inference.bodyBytesMax}`]),
    'auth.conf': config.inference.requireToken
      ? lines([
          'auth_request /_authorize',
          'auth_request_set $account $upstream_http_x_gristmill_account',
        ])
      : lines([]),
  }
}

function changeMs({ models, cluster }: Config): number {
  return models.changeTimeoutMs + 3 * cluster.startTimeoutMs
}

// How long the disk may take to make the last bytes of a large upload durable.
const uploadCommitMs = 10 * 60_000

function mainOf({ asRoot }: RenderContext): string {
  return lines([...(asRoot ? ['user root'] : []), `worker_processes ${availableParallelism()}`])
}

function httpOf({ config, paths, perfDirectory, authorizeCache }: RenderContext): string {
  const { http, inference } = config
  // Longer than the service itself needs: it answers with a reason, nginx would only cut.
  const upstreamMs = Math.max(inference.deadlineMs, 60_000) + 60_000
  const main = [
    accessLogOf(config, perfDirectory),
    `proxy_cache_path ${quoted(authorizeCache)} keys_zone=authorize:8m use_temp_path=off max_size=32m inactive=10s`,
    'limit_conn_zone $server_port zone=infer:64k',
    'limit_conn_zone $http_authorization zone=infer_token:4m',
    `client_header_timeout ${milliseconds(http.headersTimeoutMs)}`,
    `client_body_timeout ${milliseconds(http.bodyIdleTimeoutMs)}`,
    `send_timeout ${milliseconds(http.bodyIdleTimeoutMs)}`,
    `proxy_connect_timeout ${milliseconds(config.cluster.heartbeatTimeoutMs)}`,
    `proxy_send_timeout ${milliseconds(upstreamMs)}`,
    `proxy_read_timeout ${milliseconds(upstreamMs)}`,
  ]
  const api = upstream('api', sockets(paths, 'worker', config.cluster.workers))
  const engines = upstream('engines', sockets(paths, 'engine', config.cluster.engines))
  // An address that is away is passed over for the next, and its files come back with it.
  const apiByPath = upstream(
    'api_by_path',
    sockets(paths, 'worker', config.cluster.workers),
    'hash $uri consistent',
  )
  return lines(main) + api + apiByPath + engines
}

/** A line of each request costs nginx as much as the services' own lines cost them, and mostly repeats those. */
function accessLogOf({ perf }: Config, perfDirectory: string | null): string {
  if (perfDirectory === null) return 'access_log off'
  const which = perf.level === 'calls' ? '' : ' if=$notable'
  return `access_log ${quoted(accessLogIn(perfDirectory))} perf buffer=64k flush=1s${which}`
}

export function accessLogIn(perfDirectory: string): string {
  return join(perfDirectory, 'nginx.log')
}

function sockets(paths: Paths, role: 'worker' | 'engine', count: number): string[] {
  return Array.from({ length: count }, (_, i) => paths.socket(`${role}-${i + 1}` as SocketName))
}

/**
 * A process that is away refuses at once and the next one is asked, so none is ever marked as failed. Idle connections
 * are let go after 500 ms: a replaced process waits longer than that before it closes its own (platform/end-requests.ts).
 */
function upstream(name: string, socketPaths: readonly string[], balancing = 'least_conn'): string {
  const directives = [
    `zone ${name} 256k`,
    balancing,
    ...socketPaths.map((path) => `server ${quoted(`unix:${path}`)} max_fails=0`),
    'keepalive 64',
    'keepalive_requests 100000',
    'keepalive_timeout 500ms',
  ]
  const body = directives.map((directive) => `  ${directive};\n`).join('')
  return `upstream ${name} {\n${body}}\n`
}

function lines(directives: readonly string[]): string {
  return directives.map((directive) => `${directive};\n`).join('')
}

function milliseconds(ms: number): string {
  return `${ms}ms`
}

function addressOf({ host, port }: Config['http']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function quoted(path: string): string {
  return `"${path}"`
}

// In nginx's file a quote ends a string and a dollar begins a variable; both have no escape that holds everywhere.
const unspeakable = /["\\$;{}\p{Cc}]/u

/** @returns the path that cannot be written into nginx's configuration; null when all can. */
export function unspeakablePath({ paths, perfDirectory }: RenderContext): string | null {
  const written = [paths.run, paths.blobs, ...(perfDirectory === null ? [] : [perfDirectory])]
  return written.find((path) => unspeakable.test(path)) ?? null
}
