import type { Service } from '../service'

export interface Answer {
  status: number
  headers: Headers
  body: Buffer
}

const timeoutMs = 20_000

/** One request as the service's first account. Throws when there is no answer. */
export async function ask(
  { url, client }: Service,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: Uint8Array | object } = {},
): Promise<Answer> {
  const isJson = body !== undefined && !(body instanceof Uint8Array)
  const answer = await fetch(new URL(path, url), {
    method,
    headers: {
      authorization: client.authorization,
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const received = Buffer.from(await answer.arrayBuffer())
  return { status: answer.status, headers: answer.headers, body: received }
}

export function jsonOf({ body }: Answer): unknown {
  return JSON.parse(body.toString())
}
