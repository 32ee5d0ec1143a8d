import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { AppError } from '../../domain/errors'
import { type ExchangeParts, InferExchange, type InferTarget } from './infer-exchange'
import type { ModelEntry, ModelRegistry } from './model-registry'
import { sendError, sendJson } from './reply'
import { methodsOf, type Route, routeOf } from './routes'
import type { ServedModel, TensorSpec } from './served-model'
import { descriptorOf } from './watchdog'

export interface ServerParts extends ExchangeParts {
  registry: ModelRegistry<InferTarget>
  server: { name: string; version: string }
  headersTimeoutMs: number
  /** Whether the engine is about to end: its connections are then closed after their next answer. */
  isDraining(): boolean
}

// Longer than any proxy in front keeps an idle connection, so that it is the proxy that closes it.
const keepAliveTimeoutMs = 3_600_000
const connectionsCheckingIntervalMs = 1000

/** The engine's HTTP server, not yet listening. Nobody but the primary's nginx and workers reaches its socket. */
export function createEngineServer(parts: ServerParts): Server {
  const handler = new EngineHandler(parts)
  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: parts.headersTimeoutMs,
      // Who stands in front ends a body that stands still, and knows better how long that may take.
      requestTimeout: 0,
      connectionsCheckingInterval: connectionsCheckingIntervalMs,
    },
    (req, res) => handler.handle(req, res),
  )
  server.on('connection', (socket) => {
    const descriptor = descriptorOf(socket)
    parts.watchdog.mark(descriptor, 'waiting')
    socket.once('close', () => parts.watchdog.mark(descriptor, 'none'))
  })
  return server
}

/** Those of the protocol's extensions that work here. */
const extensions = [
  'binary_tensor_data',
  'classification',
  'logging',
  'model_configuration',
  'model_repository',
  'model_repository(unload_dependents)',
  'parameters',
  'schedule_policy',
  'statistics',
  'trace',
]

class EngineHandler {
  /** The paths that are asked again and again, resolved. */
  private readonly inferTargets = new Map<string, InferTarget>()

  constructor(private readonly parts: ServerParts) {
    for (const name of parts.registry.names) {
      const entry = parts.registry.find(name, undefined)
      if (entry.state === 'ready') this.inferTargets.set(`/v2/models/${name}/infer`, entry.target)
    }
  }

  handle(req: IncomingMessage, res: ServerResponse): void {
    res.sendDate = false
    if (this.parts.isDraining()) res.setHeader('Connection', 'close')
    const target = req.method === 'POST' ? this.inferTargets.get(req.url!) : undefined
    if (target !== undefined) this.infer(target, req, res)
    else this.dispatch(req, res)
  }

  private infer(target: InferTarget, req: IncomingMessage, res: ServerResponse): void {
    new InferExchange(this.parts, target, req, res).start()
  }

  private dispatch(req: IncomingMessage, res: ServerResponse): void {
    const route = routeOf(req.url!)
    if (route === null) {
      sendJson(res, 404, { error: 'Not Found' })
      return
    }
    const methods = methodsOf(route)
    if (!methods.includes(req.method!)) {
      res.setHeader('Allow', methods.join(', '))
      sendJson(res, 405, { error: 'Method Not Allowed' })
      return
    }
    this.answer(route, req, res)
  }

  private answer(route: Route, req: IncomingMessage, res: ServerResponse): void {
    try {
      if (route.kind === 'infer')
        this.infer(this.parts.registry.requireReady(route.name, route.version), req, res)
      else sendJson(res, 200, this.describe(route))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      sendError(res, error)
    }
  }

  private describe(route: Exclude<Route, { kind: 'infer' }>): unknown {
    switch (route.kind) {
      case 'server':
        return { ...this.parts.server, extensions: this.extensions() }
      case 'unserved':
        throw new AppError('unsupported', `${route.extension} extension is not supported`)
      case 'live':
        return { live: true }
      case 'ready':
        return this.requireServerReady()
      case 'models':
        return { models: this.listModels() }
      case 'model':
        return this.metadata(route.name, route.version)
      case 'modelReady':
        this.parts.registry.requireReady(route.name, route.version)
        return { name: route.name, ready: true }
    }
  }

  private extensions(): string[] {
    return this.parts.memory === null ? extensions : [...extensions, 'system_shared_memory'].sort()
  }

  /** Ready with some models failed; not when every one of them has. */
  private requireServerReady(): { ready: true } {
    const { all } = this.parts.registry
    if (this.parts.isDraining()) throw new AppError('unavailable', 'the engine is stopping')
    if (all.length > 0 && all.every(({ state }) => state === 'failed'))
      throw new AppError('unavailable', 'no model could be loaded')
    return { ready: true }
  }

  private listModels(): unknown[] {
    const { registry } = this.parts
    return registry.names.flatMap((name) =>
      registry.versionsOf(name).map((version) => {
        const entry = registry.find(name, version)
        return { name, version, ...stateOf(entry) }
      }),
    )
  }

  private metadata(name: string, version: string | undefined): unknown {
    const { registry } = this.parts
    const { model } = registry.requireReady(name, version).queue
    return {
      name,
      versions: version === undefined ? registry.versionsOf(name) : [version],
      platform: model.platform,
      inputs: tensorMetadata(model, 'inputs'),
      outputs: tensorMetadata(model, 'outputs'),
    }
  }
}

function stateOf(entry: ModelEntry<InferTarget>): { state: string; reason: string } {
  return entry.state === 'ready'
    ? { state: 'READY', reason: '' }
    : { state: 'UNAVAILABLE', reason: entry.reason }
}

function tensorMetadata(model: ServedModel, side: 'inputs' | 'outputs'): unknown[] {
  return model[side].map(({ name, datatype, dims }: TensorSpec) => ({
    name,
    datatype: datatype.name,
    shape: dims,
  }))
}
