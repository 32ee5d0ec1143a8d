import { Entries, placesOf, type Place, textOf, Token, type Tree } from './json-tree'

/** Numbers that decide one mutation; whoever generates them decides all of it. */
export interface Choice {
  what: number
  where: number
  value: number
}

/** An infer request in the making. */
export interface Draft {
  method: string
  path: string
  /** The JSON before it is text. */
  root: { tree: Tree }
  /** The JSON as text once a mutation has broken it, else null. */
  json: Buffer | null
  blobs: Buffer[]
  /** Header lines beyond those about the body; `null` for the JSON's length is leaving it out. */
  headers: string[]
  headerLength: string | null
  chunked: boolean
}

const pick = <T>(list: readonly T[], number: number): T => list[number % list.length]!

const tokens = [
  ...['1e400', '-1e400', '1e-400', '-0', '0.5', '1.0', '9007199254740993', '9223372036854775807'],
  ...['9223372036854775808', '-9223372036854775809', '18446744073709551615', '4294967296'],
  ...['2147483648', '1'.repeat(400), 'NaN', 'Infinity', '-Infinity', 'undefined', '0x10', '01'],
  ...['+1', '.5', '1.', '', '{', ']', '"', '"\\ud800"', '"\\u0000"', '"\\x"', '// x', "'a'"],
].map((text) => new Token(text))

const words = [
  ...['', 'INPUT0', 'INPUT1', 'OUTPUT0', 'input0', 'INPUT0 ', 'FP32', 'INT64', 'BYTES', 'BOOL'],
  ...['fp32', 'FP8', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'ＩＮＰＵＴ０'],
  ...[
    'żółw 🐢',
    '\u202e',
    'a\0b',
    '\ud800',
    'x'.repeat(5000),
    'x'.repeat(300_000),
    '../../etc/passwd',
    '-1',
    '1e1',
  ],
]

const keys = [
  ...['__proto__', 'constructor', 'prototype', 'data', 'parameters', 'binary_data_size', 'shape'],
  ...['binary_data', 'binary_data_output', 'shared_memory_region', 'shared_memory_byte_size'],
  ...['classification', 'priority', 'timeout', 'sequence_id', 'triton_x', 'name', 'id', 'inputs'],
  ...['outputs', 'datatype', 'toString', '', '🐢', 'Name'],
]

/** A new one each time: a tree that stands in two places must not change in both. */
const values: readonly ((number: number) => Tree)[] = [
  () => null,
  () => true,
  () => false,
  () => [],
  () => new Entries([]),
  (number) => pick(tokens, number),
  (number) => pick(words, number),
  (number) => number,
  (number) => -(number % 1000),
  (number) => 2 ** (number % 70),
  (number) => (number % 97) / 7,
  (number) => nested(number % 130),
  (number) => new Array<Tree>(number % 3000).fill(1),
  (number) => new Array<Tree>(number % 40).fill(0),
  (number) => new Entries([[pick(keys, number), pick(words, number)]]),
  (number) => [pick(words, number), number, null, [number]],
]

function nested(depth: number): Tree {
  let tree: Tree = 1
  for (let level = 0; level < depth; level++)
    tree = level % 3 === 2 ? new Entries([['a', tree]]) : [tree]
  return tree
}

const valueOf = ({ value }: Choice) => pick(values, value)(Math.floor(value / values.length))

type TreeChange = (place: Place, choice: Choice) => void

const treeChanges: readonly TreeChange[] = [
  (place, choice) => place.put(valueOf(choice)),
  (place, choice) => place.put(valueOf(choice)),
  ({ around, index }) => void listOf(around).splice(index, 1),
  ({ around, index }) => void listOf(around).splice(index, 0, copy(listOf(around)[index])),
  ({ around, index }, { value }) => {
    if (around instanceof Entries) around.list[index]![0] = pick(keys, value)
  },
  ({ around }, choice) => {
    if (around instanceof Entries) around.list.push([pick(keys, choice.where), valueOf(choice)])
    else around?.push(valueOf(choice))
  },
  (place) => place.put([place.tree]),
  (place, { value }) => {
    if (typeof place.tree === 'number') place.put(place.tree + (value % 5) - 2)
  },
  ({ around }) => void listOf(around).reverse(),
]

function listOf(around: Place['around']): unknown[] {
  return around instanceof Entries ? around.list : (around ?? [])
}

/** Deep enough for what a list or an object of a request holds. */
function copy(item: unknown): unknown {
  return Array.isArray(item) ? item.map(copy) : item
}

type ByteChange = (bytes: Buffer, choice: Choice) => Buffer

const byteChanges: readonly ByteChange[] = [
  (bytes, { where }) => bytes.subarray(0, where % (bytes.length + 1)),
  (bytes, { where, value }) => {
    const changed = Buffer.from(bytes)
    if (changed.length > 0) changed[where % changed.length] = value & 255
    return changed
  },
  (bytes, { where }) => {
    const at = where % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + (where % 7))])
  },
  (bytes, { where, value }) => {
    const at = where % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), noise(value % 40, value), bytes.subarray(at)])
  },
  (_bytes, { where, value }) => noise(where % 300, value),
]

function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed >>> 0
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[index] = state >>> 24
  }
  return bytes
}

const headerLengths = [
  ...['0', '1', '-1', '', ' 5', '5 ', '+5', '0x10', '1e1', '5.0', '4294967296', '2147483647'],
  ...['-2147483649', '99999999999999999999', 'abc', '5, 5', '00000000000005'],
]

const headerLines = [
  ...['identity', 'gzip', 'deflate', 'br', 'gzip, gzip', 'GZIP', 'x'].map(
    (coding) => `Content-Encoding: ${coding}`,
  ),
  ...['gzip', 'deflate', 'br', '*;q=0', 'identity;q=0', 'gzip;q=2', '', ';;;,'].map(
    (coding) => `Accept-Encoding: ${coding}`,
  ),
  ...['application/x-npy', 'application/json', 'text/html', '*/*;q=0', 'x'].map(
    (type) => `Accept: ${type}`,
  ),
  ...['application/x-npy', 'application/octet-stream', 'text/plain', 'multipart/form-data'].map(
    (type) => `Content-Type: ${type}`,
  ),
  'Inference-Header-Content-Length: 7',
  'X-Request-Id: \t🐢',
  `X-Gristmill-Account: ${'a'.repeat(3000)}`,
  'Cache-Control: no-cache, no-store, max-age=-1',
  '__proto__: x',
]

const paths = [
  ...['/v2/models/simple/infer', '/v2/models/simple/versions/1/infer', '/v2/models/nope/infer'],
  ...['/v2/models/simple/versions/2/infer', '/v2/models/simple/versions/x/infer', '/v2/nothing'],
  ...['/v2/models/__proto__/infer', '/v2/models/%ff/infer', '/v2/models/simple/infer?a=%00'],
  ...['/v2/models/simple/versions/1e0/infer', '/v2/models/simple/generate', '/v2/models/simple'],
  ...['/v2/models/%73imple/infer', '/v2/models/simple%2finfer', '/v2/models//infer', '//', '*'],
]

type DraftChange = (draft: Draft, choice: Choice) => void

const changeTree: DraftChange = (draft, choice) => {
  const places = placesOf(draft.root)
  pick(treeChanges, choice.what >> 4)(pick(places, choice.where), choice)
}

const changeBlobs: DraftChange = ({ blobs }, choice) => {
  if (choice.what % 5 === 0) blobs.reverse()
  else if (blobs.length === 0) blobs.push(noise(choice.value % 200, choice.value))
  else {
    const at = choice.where % blobs.length
    blobs[at] = pick(byteChanges, choice.what >> 4)(blobs[at]!, choice)
  }
}

const draftChanges: readonly DraftChange[] = [
  ...new Array<DraftChange>(9).fill(changeTree),
  changeBlobs,
  changeBlobs,
  (draft, choice) => {
    const text = draft.json ?? Buffer.from(textOf(draft.root.tree))
    draft.json = pick(byteChanges, choice.what >> 4)(text, choice)
  },
  (draft, { value }) => (draft.headerLength = pick([null, ...headerLengths], value)),
  (draft, { value }) => draft.headers.push(pick(headerLines, value)),
  (draft, { value }) => (draft.path = pick(paths, value)),
  (draft, { value }) => {
    if (value % 3 > 0) draft.chunked = true
    else draft.method = pick(['GET', 'PUT', 'DELETE', 'OPTIONS'], value)
  },
]

/** Changes the draft in one way of many. */
export function mutate(draft: Draft, choice: Choice): void {
  pick(draftChanges, choice.what)(draft, choice)
}
