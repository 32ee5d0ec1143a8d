/** A route that takes a body of five bytes, and what a request to it may need to say. */
export interface FramingTarget {
  method: string
  path: string
  /** Header lines without which the route does not take it. */
  lines: readonly string[]
  /** A path of the same door that answers GET with 200. */
  read: string
}

/** Through nginx, or straight at a worker: the two parsers of HTTP that stand at the door. */
export type Way = 'nginx' | 'worker'

export interface FramingCase {
  /** Of the table of framing attacks, see notes/decisions/http.md. */
  row: string
  name: string
  bytes(target: FramingTarget): string
  /** The statuses of all answers that come. */
  answers: Readonly<Record<Way, readonly number[]>>
  /** How many requests to the target are carried out. */
  runs: Readonly<Record<Way, number>>
  /** Whether the body that was announced never comes, so that the connection does not end by itself. */
  holdsBody?: boolean
}

export const body = 'hello'
/** The service's limit that one of the cases exceeds. */
export const bodyBytesMax = 1_000_000
const host = 'Host: gristmill.test'
const close = 'Connection: close'

function message(lines: readonly string[], content = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${content}`
}

/** What the target takes. */
export const goodRequest = (target: FramingTarget) => framed([length])(target)

/** The target's own request with other header lines about its body, and another body. */
function framed(framing: readonly string[], content = body) {
  return ({ method, path, lines }: FramingTarget) =>
    message([`${method} ${path} HTTP/1.1`, host, close, ...lines, ...framing], content)
}

const both = (...statuses: number[]) => ({ nginx: statuses, worker: statuses })
const each = (nginx: number, worker: number) => ({ nginx: [nginx], worker: [worker] })
const nothing = { nginx: 0, worker: 0 }
const length = `Content-Length: ${body.length}`
const chunked = 'Transfer-Encoding: chunked'
const chunks = `5\r\n${body}\r\n0\r\n\r\n`

function refused(row: string, name: string, framing: readonly string[], content = body) {
  return { row, name, bytes: framed(framing, content), answers: both(400), runs: nothing }
}

function taken(row: string, name: string, framing: readonly string[], content = body) {
  const runs = { nginx: 1, worker: 1 }
  return { row, name, bytes: framed(framing, content), answers: both(200), runs }
}

const lengths: FramingCase[] = [
  taken('E0', 'a length', [length]),
  taken('E0', 'chunks', [chunked], chunks),
  refused('E1', 'a length and chunks', [length, chunked], chunks),
  refused('E1', 'chunks and a length', [chunked, length], chunks),
  refused('E2', 'two lengths', [length, 'Content-Length: 6']),
  refused('E2', 'the same length twice', [length, length]),
  refused('E2', 'a signed length', ['Content-Length: +5']),
  refused('E2', 'a list of lengths', ['Content-Length: 5, 5']),
  refused('E2', 'a length in words', ['Content-Length: five']),
  refused('E2', 'a length in hexadecimal', ['Content-Length: 0x5']),
  refused('E2', 'an empty length', ['Content-Length:']),
  refused('E2', 'a length of 21 digits', ['Content-Length: 100000000000000000005']),
]

const codings: FramingCase[] = [
  {
    ...refused('E3', 'an unknown coding', ['Transfer-Encoding: xchunked'], chunks),
    answers: each(501, 400),
  },
  {
    ...refused('E3', 'a coding after chunks', ['Transfer-Encoding: chunked, identity'], chunks),
    answers: each(501, 400),
  },
  refused('E3', 'two lines of codings', [chunked, 'Transfer-Encoding: identity'], chunks),
  {
    ...taken('E4', 'a tab before the coding', ['Transfer-Encoding:\tchunked'], chunks),
    // RFC 9110 §5.6.3 counts a tab as white space, nginx does not: both are safe, as nobody stands behind who differs.
    answers: each(501, 200),
    runs: { nginx: 0, worker: 1 },
  },
]

const lines: FramingCase[] = [
  refused('E5', 'a space before the colon', [`Content-Length : 5`]),
  refused('E5', 'a folded line', [length, 'X-A: 1\r\n 2']),
  refused('E5', 'a bare carriage return', [length, 'X-A: a\rb']),
  refused('E5', 'a NUL in a value', [length, 'X-A: a\0b']),
  refused('E5', 'a NUL in a name', [length, 'X-\0A: a']),
  {
    ...taken('E6', 'bare line feeds', []),
    bytes: (target) => goodRequest(target).replaceAll('\r\n', '\n'),
    // nginx writes the request anew; behind it there is one with proper ends of lines.
    answers: each(200, 400),
    runs: { nginx: 1, worker: 0 },
  },
  {
    ...refused('E6', 'a request behind bare line feeds', []),
    bytes: (target) =>
      framed([length, `X-A: b\nContent-Length: 0\n\n${goodRequest(target)}`])(target),
  },
]

const chunkCases: FramingCase[] = [
  refused('E7', 'a chunk size with 0x', [chunked], `0x5\r\n${body}\r\n0\r\n\r\n`),
  refused(
    'E7',
    'a chunk size of 17 digits',
    [chunked],
    `10000000000000005\r\n${body}\r\n0\r\n\r\n`,
  ),
  refused('E7', 'a negative chunk size', [chunked], `-5\r\n${body}\r\n0\r\n\r\n`),
  refused('E7', 'no chunk size', [chunked], `\r\n${body}\r\n0\r\n\r\n`),
  taken('E8', 'a chunk extension', [chunked], `5;a=b\r\n${body}\r\n0\r\n\r\n`),
  taken('E8', 'trailers', [chunked], `5\r\n${body}\r\n0\r\nX-Gristmill-Account: me\r\n\r\n`),
]

const get = (path: string) => `GET ${path} HTTP/1.1`
const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: a`)

function read(
  row: string,
  name: string,
  answers: FramingCase['answers'],
  { requestLine = get, more = [host] }: { requestLine?: typeof get; more?: readonly string[] },
): FramingCase {
  const bytes = ({ read: path, lines: own }: FramingTarget) =>
    message([requestLine(path), ...more, close, ...own])
  return { row, name, bytes, answers, runs: nothing }
}

const verb = (name: string, answers: FramingCase['answers']) =>
  read('E12', `the verb ${name}`, answers, { requestLine: (path) => `${name} ${path} HTTP/1.1` })

const requestLines: FramingCase[] = [
  read('E9', 'no Host', both(400), { more: [] }),
  read('E9', 'two Hosts', both(400), { more: [host, 'Host: b'] }),
  read('E10', 'another host in the request line', both(200), {
    requestLine: (path) => get(`http://evil.test${path}`),
  }),
  // There is no setting for the service's own names: nothing in it asks what it was called.
  read('E10', 'another Host', both(200), { more: ['Host: evil.test'] }),
  read('E11', 'a header of 20 kB', both(431), { more: [host, `X-A: ${'a'.repeat(20_000)}`] }),
  read('E11', '1200 headers', each(431, 400), { more: [host, ...many(1200)] }),
  read('E11', 'an address of 12 kB', each(414, 400), {
    requestLine: (path) => get(`${path}?${'a'.repeat(12_000)}`),
  }),
  verb('TRACE', both(405)),
  verb('PROPFIND', both(405)),
  verb('BREW', each(405, 400)),
  verb('get', both(400)),
  read('E12', 'the verb CONNECT', each(400, 405), {
    requestLine: () => 'CONNECT evil.test:80 HTTP/1.1',
  }),
  read('E13', 'HTTP/2.0 in the request line', each(505, 400), {
    requestLine: (path) => `GET ${path} HTTP/2.0`,
  }),
  read('E13', 'an upgrade to h2c', both(200), {
    more: [host, 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
  }),
]

const expectations: FramingCase[] = [
  {
    ...taken('E14', 'a body held back', [length, 'Expect: 100-continue']),
    answers: both(100, 200),
  },
  {
    ...taken('E14', 'an expectation that nobody knows', [length, 'Expect: foo']),
    answers: each(200, 417),
    runs: { nginx: 1, worker: 0 },
  },
  {
    ...refused(
      'E14',
      'too large a body held back',
      [`Content-Length: ${bodyBytesMax + 1}`, 'Expect: 100-continue'],
      '',
    ),
    answers: both(413),
    holdsBody: true,
  },
]

const hidden: FramingCase[] = [
  {
    row: 'E15',
    name: 'a second request in the body of a GET',
    bytes: (target) => {
      const second = goodRequest(target)
      const first = [get(target.read), host, close, ...target.lines]
      return message([...first, `Content-Length: ${second.length}`], second)
    },
    answers: both(200),
    runs: nothing,
  },
]

/** Rows E1 to E15 of the framing attacks that one connection and one exchange can show. */
export const framingCases: readonly FramingCase[] = [
  ...lengths,
  ...codings,
  ...lines,
  ...chunkCases,
  ...requestLines,
  ...expectations,
  ...hidden,
]
