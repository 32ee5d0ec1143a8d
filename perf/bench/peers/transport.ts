import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { argumentOf, listenAsPeer } from './peer'

/** The answers of the service, kept in files, by URL path. */
export interface TransportArgument {
  socket: string
  answers: Record<string, { file: string; headers: Record<string, string> }>
}

const { socket, answers } = argumentOf() as TransportArgument

const ready = new Map(
  Object.entries(answers).map(([path, { file, headers }]) => {
    const body = readFileSync(file)
    return [path, { body, headers: { ...headers, 'content-length': body.length } }] as const
  }),
)

/** The least an HTTP server can do: reads the body to its end and answers bytes that it has in hand. */
const server = createServer((request, response) => {
  const answer = ready.get(request.url ?? '')
  request.resume()
  request.once('end', () => {
    if (answer === undefined) return response.writeHead(404).end()
    return response.writeHead(200, answer.headers).end(answer.body)
  })
})

listenAsPeer(server, socket)
