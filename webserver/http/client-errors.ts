import type { Server } from 'node:http'
import type { Socket } from 'node:net'

const meanings: Readonly<Record<string, { status: string; detail: string }>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    detail: 'The headers are too large',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    detail: 'The request took too long to arrive',
  },
  CONNECT: { status: '405 Method Not Allowed', detail: 'This server is no proxy' },
}
const malformed = { status: '400 Bad Request', detail: 'This is not a valid HTTP request' }

/** What is no HTTP request never reaches a route; it too is answered with a problem, then the connection ends. */
export function answerClientErrors(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || hasAnswerUnderWay(socket)) socket.destroy()
    else socket.end(answerTo(error.code))
  })
  // Node would close such a connection without a word.
  server.on('connect', (_req, socket) => socket.end(answerTo('CONNECT')))
}

function hasAnswerUnderWay(socket: Socket): boolean {
  // Where Node keeps the response that a connection is sending; there is no public way to ask.
  return (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true
}

function answerTo(code: string | undefined): string {
  const { status, detail } = meanings[code ?? ''] ?? malformed
  const body = JSON.stringify({
    type: '/problems/invalid',
    title: status.slice(4),
    status: Number(status.slice(0, 3)),
    detail,
    code: 'invalid',
  })
  return [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}
