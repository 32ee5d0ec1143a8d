import type { Server } from 'node:http'
import type { Express } from 'express'

interface Layer {
  route?: { path: string; methods: Record<string, boolean> }
  handle: { stack?: Layer[] }
}

/** Every verb and path that Express itself has, as `GET /v1/account`: what is really mounted, whatever is stated. */
export function mountedRoutes(server: Server): string[] {
  const app = server.listeners('request').find(isExpress)!
  return routesOf(app.router.stack as unknown as Layer[]).sort()
}

function isExpress(listener: unknown): listener is Express {
  return typeof listener === 'function' && 'router' in listener
}

function routesOf(stack: Layer[]): string[] {
  return stack.flatMap(({ route, handle }) => {
    if (route === undefined) return routesOf(handle.stack ?? [])
    const { path, methods } = route
    const verbs = Object.keys(methods).filter((method) => method !== '_all')
    return verbs.map((verb) => `${verb.toUpperCase()} ${path}`)
  })
}
