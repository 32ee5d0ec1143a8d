import { choice, flag, mebibyte, minute, section, text, whole } from '../setting'

export const data = section({
  directory: text('path', 'data', 'Where files, accounts and models are kept.'),
})

export const http = section({
  host: text(
    'address',
    '127.0.0.1',
    'The address that nginx, or without it the workers, listen on.',
  ),
  port: whole(
    'port',
    [0, 65535],
    8080,
    'The port that nginx, or without it the workers, listen on; 0 picks a free one.',
  ),
  nginx: flag(
    true,
    'Whether nginx is started in front; without it the workers listen on the address themselves.',
  ),
  nginxBinary: text('path or command', 'nginx', 'The nginx to start.'),
  jsonBodyBytesMax: whole(
    'bytes',
    [1024, 16 * mebibyte],
    64 * 1024,
    'Largest JSON body of the API outside /v2.',
  ),
  requestsInFlightMax: whole(
    'requests',
    [1, 100_000],
    1000,
    'Requests that one worker has in hand at once; more are answered 503.',
  ),
  headersTimeoutMs: whole(
    'ms',
    [100, 10 * minute],
    10_000,
    'How long a client may take to send its request headers.',
  ),
  bodyIdleTimeoutMs: whole(
    'ms',
    [100, 60 * minute],
    60_000,
    'How long a body may stand still before the request is ended.',
  ),
})

export const log = section({
  level: choice(
    ['debug', 'info', 'warn', 'error', 'silent'],
    'info',
    'The least severe message that is printed.',
  ),
})

export const test = section({
  faultOrders: text(
    'path',
    '',
    'For tests alone: the file by which a test ends processes at a step of its choice (webserver/platform/fault-points.ts).',
  ),
})
